/* postfix.c - sdrctl check mta: Postfix
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stddef.h>

/* Run all checks. Only the sockets that Postfix needs are checked. */
static void
look(struct postfix *p)
{
    struct tables tables;

    read_tables(p, "virtual_alias_maps", get(p, NULL, "virtual_alias_maps"),
                &tables);
    p->routed = p->mta->tables && (tables.ours || tables.astray[0] != '\0');
    if (look_at_services(p) || !p->routed)
        report_socket(p->mta, "socket", p->mta->config->milter.socket,
                      get(p, NULL, "mail_owner"));
    look_at_tables(p);
    look_at_domains(p);
    look_at_rewrites(p);
    look_at_copies(p);
    look_at_transports(p);
    look_at_aliases(p);
    look_at_unknown(p);
    look_at_verification(p);
}

bool
check_postfix(struct mta *mta)
{
    const char *folder = mta->check->postfix_config;
    struct postfix p = {.mta = mta, .folder = folder};

    if (!find_program("postconf", p.postconf)
        || !find_program("postmap", p.postmap))
        return false;
    report_heading("mta: Postfix%s%s", folder != NULL ? ", " : "",
                   folder != NULL ? folder : "");
    if (read_postfix(&p))
        look(&p);
    return true;
}
