/* sendmail.c - sdrctl check mta: Sendmail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <errno.h>
#include <string.h>

#define SENDMAIL_CF "/etc/mail/sendmail.cf"

/* Sendmail may need this many seconds to start while DNS does not answer. */
enum { PATIENCE = 60 };

/* Join continuation lines, which begin with a blank, with the line before. */
static void
join_lines(const struct reply *cf)
{
    for (size_t i = 0; i + 1 < cf->len; i++) {
        if (cf->text[i] == '\0' && strchr(" \t", cf->text[i + 1]) != NULL
            && cf->text[i + 1] != '\0')
            cf->text[i] = ' ';
    }
}

/* Find the program of Sendmail 8. Other MTAs install a program of the same
 * name, and that of Postfix would mail a report if it got an address to verify
 * (-bv). */
static bool
find_sendmail(struct sendmail *sm)
{
    const struct reply *reply;

    if (!find_program("sendmail", sm->program))
        return false;
    reply = ask_sendmail(sm, NULL, "-d0.1", "-bt");
    return reply->code == 0 && strncmp(reply->text, "Version 8.", 10) == 0;
}

static void
look_at_unknown(struct sendmail *sm)
{
    for (unsigned i = 0; i < sm->mta->config->domain_count; i++) {
        if (sends_unknown(sm->mta, i))
            report_unverified(
                sm->mta, "unknown",
                "Sendmail cannot verify recipients at another site: put a mail "
                "server that can in front of it, or add all mailboxes of the "
                "site to the directory",
                i);
    }
}

static void
look(struct sendmail *sm)
{
    const struct sdr_milter_options *options = &sm->mta->config->milter;
    char type[64], path[512];

    find_sendmail_filter(sm);
    sm->routed = has_text(sm->cf, "$(redirect ")
                 && read_sendmail_map(sm, "redirect", type, path);
    look_at_sendmail_filter(sm);
    if (sm->filter[0] != '\0' || !sm->routed)
        look_at_sendmail_socket(sm, "socket", options->socket);
    if (sm->routed && options->map_socket != NULL)
        look_at_sendmail_socket(sm, "map-socket", options->map_socket);
    if (!find_sendmail(sm)) {
        report(sm->mta, CHECK_UNREACHABLE, "sendmail",
               "put the folder of Sendmail's own program first in PATH",
               "%s -bt does not answer like Sendmail 8", sm->program);
        return;
    }
    look_at_sendmail_tables(sm);
    for_each_domain(sm->mta->config, look_at_sendmail_domain, sm);
    if (sm->routed || !sm->mta->tables)
        look_at_sendmail_aliases(sm);
    look_at_unknown(sm);
}

bool
check_sendmail(struct mta *mta)
{
    const char *path = mta->check->sendmail_cf;
    struct sendmail sm = {.mta = mta,
                          .path = path == NULL ? SENDMAIL_CF : path};

    sm.cf = read_lines(mta, sm.path);
    if (sm.cf->code == ENOENT && path == NULL)
        return false;
    report_heading("mta: Sendmail, %s", sm.path);
    if (sm.cf->code != 0) {
        report(mta, CHECK_UNREACHABLE, "configuration", NULL, "%s", sm.cf->why);
        return true;
    }
    if (mta->timeout < PATIENCE)
        mta->timeout = PATIENCE;
    join_lines(sm.cf);
    look(&sm);
    return true;
}
