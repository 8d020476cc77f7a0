/* postfix_tables.c - sdrctl check mta: Postfix and sdr-milter's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>

static const char routes[] = "virtual_alias_maps";
static const char transports[] = "transport_maps";

/* True if a table listed before sdr-milter's answers for an invented recipient
 * in DOMAIN; TABLE is its name. Postfix looks up the whole address in all
 * tables first, and the domain after that, so only a table of patterns can
 * answer before sdr-milter's. */
static bool
find_before_ours(struct postfix *p, const char *parameter, const char *domain,
                 char table[VALUE_SIZE])
{
    const char *list = get(p, NULL, parameter);
    char key[SDR_ADDRESS_MAX + 1], value[VALUE_SIZE];

    snprintf(key, sizeof key, PROBE "@%s", domain);
    while (next_word(&list, table, VALUE_SIZE)
           && !is_of_sdr(p, parameter, table)) {
        if (query(p, parameter, table, key, true, value) == YES)
            return true;
    }
    return false;
}

/* ---- findings ---- */

static void
report_tables(const struct postfix *p, const struct slot *slot,
              const struct tables *tables)
{
    const char *socket = p->mta->config->milter.map_socket;
    char address[256], advice[512];

    write_map_socket(p, address, sizeof address);
    snprintf(advice, sizeof advice, "use socketmap:%s:%s", address,
             slot->table);
    if (tables->astray[0] != '\0' && socket == NULL)
        report(p->mta, CHECK_WRONG, slot->parameter,
               "set map-socket = unix:PATH in sdr.conf, and restart sdr-milter",
               "%s: no process listens there, and sdr.conf has no map-socket: "
               "%s is deferred",
               tables->astray, slot->mail);
    else if (tables->astray[0] != '\0')
        report(p->mta, CHECK_WRONG, slot->parameter,
               "use the same socket in both files",
               "%s, but map-socket in sdr.conf is %s: %s is deferred",
               tables->astray, socket, slot->mail);
    else if (tables->blind != NULL)
        report(p->mta, CHECK_WRONG, slot->parameter,
               "write the path relative to queue_directory: unix:sdr/map.sock",
               "%s is %schrooted to %s and does not find this socket: %s is "
               "deferred",
               tables->blind->name, tables->blind->chroot ? "" : "not ",
               get(p, NULL, "queue_directory"), slot->mail);
    if (tables->misnamed[0] != '\0')
        report(p->mta, CHECK_WRONG, slot->parameter, advice,
               "this parameter needs sdr-milter's table \"%s\", not \"%s\": "
               "mail goes to the wrong place, is rejected or deferred",
               slot->table, tables->misnamed);
    if (tables->proxy && slot == slots)
        report(p->mta, CHECK_WRONG, slot->parameter, advice,
               "Postfix queries the table through proxymap(8), which mixes the "
               "queries of several processes: copies may be lost, or sent to "
               "and fro between the sites");
}

/* Report what the table "route" routes and a milter would not see. */
static void
report_coverage(const struct postfix *p)
{
    const char *domain = find_local_domain(p);

    if (domain == NULL)
        report(p->mta, CHECK_OK, routes, NULL,
               "mail for members of aliases and .forward targets, bounces, "
               "local submissions and address probes are routed");
    else
        report(p->mta, CHECK_DOUBTFUL, "mydestination",
               "move the lists to virtual_alias_maps, or the domain to "
               "virtual_mailbox_domains",
               "%s is listed: local(8) itself delivers mail for members of "
               "aliases(5) and .forward targets in this domain, and queries no "
               "table",
               domain);
}

/* Check that Postfix queries the table "route" if, and only if, sdr.conf has
 * rewrite = tables. */
static void
look_at_mode(const struct postfix *p, const struct tables *tables)
{
    bool asked = tables->ours || tables->astray[0] != '\0';
    char address[256], advice[512];

    write_map_socket(p, address, sizeof address);
    snprintf(advice, sizeof advice,
             "set %s = socketmap:%s:route, before other tables", routes,
             address);
    if (!p->mta->tables && asked)
        report(
            p->mta, CHECK_WRONG, routes,
            "set rewrite = tables in [milter] of sdr.conf, or remove the table",
            "it lists the table \"route\", but sdr.conf has rewrite = milter: "
            "the table does not answer, and mail is deferred");
    else if (p->mta->tables && !asked && tables->misnamed[0] == '\0')
        report(p->mta, CHECK_WRONG, routes, advice,
               "it does not list the table \"route\", but sdr.conf has rewrite "
               "= tables: no mail is routed");
}

/* Report a table before sdr-milter's that answers for a whole split domain. */
static void
look_at_order(struct postfix *p, const char *parameter,
              enum check_result result, const char *effect)
{
    const struct sdr_config *config = p->mta->config;
    char table[VALUE_SIZE];

    for (unsigned i = 0; i < config->domain_count; i++) {
        const char *domain = config->domains[i].ascii;

        if (!find_before_ours(p, parameter, domain, table))
            continue;
        report(p->mta, result, parameter, "put sdr-milter's table before it",
               "%s comes before sdr-milter's table and matches every address "
               "in %s: %s",
               table, domain, effect);
        return;
    }
}

/* virtual(8) uses the same parameter and refuses socketmap tables. */
static void
look_at_virtual(const struct postfix *p, const struct tables *tables)
{
    const struct service *service = next_service(p, NULL, "virtual");
    const char *maps = "virtual_mailbox_maps";

    if (tables->ours && service != NULL
        && strncmp(get(p, NULL, "virtual_transport"), "virtual", 7) == 0
        && strcmp(get(p, NULL, maps), get(p, service, maps)) == 0)
        report(p->mta, CHECK_WRONG, maps,
               "set it for smtpd only, with -o in master.cf; or set "
               "virtual_transport to another transport, such as lmtp",
               "virtual(8) uses it too, and does not accept socketmap: tables: "
               "mail that stays here is deferred");
}

static void
look_at_next_hops(struct postfix *p, const struct tables *tables)
{
    char address[256], advice[512];

    write_map_socket(p, address, sizeof address);
    snprintf(advice, sizeof advice,
             "set %s = socketmap:%s:transport, before other tables", transports,
             address);
    if (!sdr_config_has_next_hop(p->mta->config)) {
        if (tables->ours)
            report(p->mta, CHECK_DOUBTFUL, transports,
                   "remove sdr-milter's table",
                   "no site has delivery = route: Postfix queries sdr-milter's "
                   "table for all mail, without need");
    } else if (tables->ours) {
        look_at_order(p, transports, CHECK_DOUBTFUL,
                      "Postfix ignores the next hops of the sites");
    } else if (tables->astray[0] == '\0') {
        report(p->mta, tables->others ? CHECK_DOUBTFUL : CHECK_WRONG,
               transports, advice,
               "it does not list sdr-milter's table: mail for sites with "
               "delivery = route stays here%s",
               tables->others ? ", unless another table has their recipients"
                              : "");
    }
}

/* ---- all tables ---- */

static void
look_at_map_socket(struct postfix *p, bool asked)
{
    const char *socket = p->mta->config->milter.map_socket;
    char address[256], advice[512];

    write_map_socket(p, address, sizeof address);
    snprintf(advice, sizeof advice,
             "set rewrite = tables in sdr.conf and %s = socketmap:%s:route, or "
             "remove map-socket",
             routes, address);
    if (asked && socket != NULL)
        report_socket(p->mta, "map-socket", socket, get(p, NULL, "mail_owner"));
    else if (socket != NULL && !p->mta->tables)
        report(p->mta, CHECK_DOUBTFUL, "map-socket", advice,
               "no parameter uses the lookup tables at %s", socket);
}

void
look_at_tables(struct postfix *p)
{
    struct tables tables[CHECKED_COUNT];
    bool asked = false;

    for (unsigned i = 0; i < CHECKED_COUNT; i++) {
        struct tables *t = &tables[i];

        read_tables(p, slots[i].parameter, get(p, NULL, slots[i].parameter), t);
        asked |= t->ours || t->astray[0] != '\0' || t->misnamed[0] != '\0';
        report_tables(p, &slots[i], t);
    }
    if (p->mta->tables && tables[0].ours && !tables[0].proxy
        && tables[0].blind == NULL)
        report_coverage(p);
    look_at_mode(p, &tables[0]);
    if (p->routed)
        look_at_order(p, routes, CHECK_WRONG, "mail is not routed");
    look_at_map_socket(p, asked);
    look_at_virtual(p, &tables[2]);
    look_at_next_hops(p, &tables[4]);
}
