/* postfix_tables.c - sdrctl check mta: Postfix and sdr-milter's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"
#include "net/inet.h"

#include <stdio.h>
#include <string.h>

/* The table that belongs into a parameter, the programs that ask it, and what
 * waits if they get no answer. */
static const struct slot {
    const char *parameter, *table, *commands, *mail;
} slots[] = {
    {"virtual_alias_maps", "route", "cleanup smtpd", "all mail"},
    {"relay_recipient_maps", "recipient", "smtpd", "mail in relay_domains"},
    {"virtual_mailbox_maps", "recipient", "smtpd",
     "mail in virtual_mailbox_domains"},
    {"local_recipient_maps", "recipient", "smtpd", "mail in mydestination"},
    {"transport_maps", "transport", "trivial-rewrite", "all mail"},
    /* It has the value of virtual_alias_maps, unless somebody says. */
    {"virtual_alias_domains", "route", "trivial-rewrite", "all mail"},
};
enum { SLOT_COUNT = sizeof slots / sizeof slots[0], CHECKED_COUNT = 5 };

static const char routes[] = "virtual_alias_maps";
static const char transports[] = "transport_maps";

static const struct slot *
find_slot(const char *parameter)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        if (strcmp(slots[i].parameter, parameter) == 0)
            return &slots[i];
    }
    return NULL;
}

/* ---- sockets ---- */

bool
leads_to(const struct postfix *p, const char *address, const char *socket,
         bool chroot, bool *jail)
{
    const char *path = strchr(address, ':');
    char whole[1024];

    if (sdr_is_inet(socket))
        return is_socket(address, socket);
    if (path == NULL || strchr("ul", address[0]) == NULL)
        return false;
    path++;
    snprintf(whole, sizeof whole, "unix:%s/%s", get(p, NULL, "queue_directory"),
             path + strspn(path, "/"));
    if ((chroot || path[0] != '/') && is_socket(whole, socket))
        return true;
    *jail = chroot && is_socket(address, socket);
    return path[0] == '/' && is_socket(address, socket);
}

/* map-socket as it is best written in main.cf: below the queue directory, if it
 * lies there. */
static void
best_address(const struct postfix *p, char *out, size_t size)
{
    const char *socket = p->mta->config->milter.map_socket;
    const char *queue = get(p, NULL, "queue_directory");
    size_t len = strlen(queue);

    if (socket == NULL)
        socket = "sdr/map.sock";
    else if (strncmp(socket, queue, len) == 0 && socket[len] == '/')
        socket += len + 1;
    if (!sdr_is_inet(socket))
        snprintf(out, size, "unix:%s", socket);
    else if (strchr(socket, ':') == strrchr(socket, ':')) /* the port alone */
        snprintf(out, size, "inet:127.0.0.1%s", strchr(socket, ':'));
    else
        snprintf(out, size, "%s", socket);
}

/* Whether an address is that of map-socket for one of the programs that ask it;
 * *BLIND is one that does not see it there. */
static bool
is_map_socket(const struct postfix *p, const struct slot *slot,
              const char *address, const struct service **blind)
{
    const char *socket = p->mta->config->milter.map_socket;
    bool ours = false;

    *blind = NULL;
    for (unsigned i = 0; socket != NULL && i < p->count; i++) {
        const struct service *service = &p->services[i];
        bool jail = false, led;

        if (!has_word(slot->commands, service->command))
            continue;
        led = leads_to(p, address, socket, service->chroot, &jail);
        ours |= led;
        if (!led || jail)
            *blind = service;
    }
    return ours;
}

/* Whether somebody else, as sdr.conf has no map-socket, listens there. */
static bool
is_answered(const struct postfix *p, const char *address)
{
    const char *path = strchr(address, ':') + 1;
    struct sdr_error error;
    char whole[1024];

    if (path[0] == '/' || sdr_is_inet(address))
        snprintf(whole, sizeof whole, "%s", address);
    else
        snprintf(whole, sizeof whole, "unix:%s/%s",
                 get(p, NULL, "queue_directory"), path);
    return p->mta->config->milter.map_socket == NULL
           && is_listening(whole, &error);
}

/* ---- lists of tables ---- */

/* Add what one WORD of the parameter is: "socketmap:unix:PATH:NAME" or
 * "socketmap:inet:HOST:PORT:NAME". */
static void
read_table(const struct postfix *p, const struct slot *slot, const char *word,
           struct tables *tables)
{
    bool proxy = strncmp(word, "proxy:", 6) == 0;
    const char *table = proxy ? word + 6 : word;
    const struct service *blind = NULL;
    char address[512] = "", *name = NULL;
    bool fits;

    if (slot != NULL
        && (strncmp(table, "socketmap:unix:", 15) == 0
            || strncmp(table, "socketmap:inet:", 15) == 0)) {
        snprintf(address, sizeof address, "%s", table + 10);
        name = strrchr(address, ':');
    }
    if (name == NULL || name == address + 4) {
        tables->others |= strpbrk(word, ":/") != NULL;
        return;
    }
    *name++ = '\0';
    fits = strcmp(name, slot->table) == 0;
    if (is_map_socket(p, slot, address, &blind)) {
        tables->ours |= fits;
        tables->proxy |= fits && proxy;
        tables->blind = proxy ? tables->blind : blind;
        if (!fits)
            snprintf(tables->misnamed, sizeof tables->misnamed, "%s", name);
    } else if (fits && !is_answered(p, address)) {
        snprintf(tables->astray, sizeof tables->astray, "%s", word);
    } else {
        tables->others = true;
    }
}

void
read_tables(const struct postfix *p, const char *parameter, const char *list,
            struct tables *tables)
{
    char word[VALUE_SIZE];

    memset(tables, 0, sizeof *tables);
    while (next_word(&list, word, sizeof word))
        read_table(p, find_slot(parameter), word, tables);
    if (tables->ours && tables->astray[0] != '\0') {
        tables->astray[0] = '\0'; /* somebody else's has the same name */
        tables->others = true;
    }
}

bool
is_of_sdr(const struct postfix *p, const char *parameter, const char *word)
{
    struct tables tables = {0};

    read_table(p, find_slot(parameter), word, &tables);
    return tables.ours || tables.misnamed[0] != '\0'
           || tables.astray[0] != '\0';
}

/* Whether a table comes before sdr-milter's and answers for a made-up recipient
 * in DOMAIN: which TABLE. Postfix looks for a whole address in all tables,
 * before it looks for the domain in any, so that only a table of patterns can
 * come first. */
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

    best_address(p, address, sizeof address);
    snprintf(advice, sizeof advice, "socketmap:%s:%s", address, slot->table);
    if (tables->astray[0] != '\0' && socket == NULL)
        report(p->mta, CHECK_WRONG, slot->parameter,
               "map-socket = unix:PATH in sdr.conf, and restart sdr-milter",
               "%s: nobody listens there, and sdr.conf has no map-socket: %s "
               "is deferred",
               tables->astray, slot->mail);
    else if (tables->astray[0] != '\0')
        report(p->mta, CHECK_WRONG, slot->parameter,
               "write the same socket in both files",
               "%s: map-socket in sdr.conf is %s: %s is deferred",
               tables->astray, socket, slot->mail);
    else if (tables->blind != NULL)
        report(p->mta, CHECK_WRONG, slot->parameter,
               "give a path below queue_directory, without it: "
               "unix:sdr/map.sock",
               "%s is %sconfined to %s, and finds no such socket: %s is "
               "deferred",
               tables->blind->name, tables->blind->chroot ? "" : "not ",
               get(p, NULL, "queue_directory"), slot->mail);
    if (tables->misnamed[0] != '\0')
        report(p->mta, CHECK_WRONG, slot->parameter, advice,
               "the table of sdr-milter that belongs here is \"%s\", not "
               "\"%s\": mail goes astray, is refused or deferred",
               slot->table, tables->misnamed);
    if (tables->proxy && slot == slots)
        report(p->mta, CHECK_WRONG, slot->parameter, advice,
               "through proxymap(8), which mixes the questions of many: "
               "copies may be lost, or sent to and fro between the sites");
}

/* What goes by the table "route" is seen by no milter. */
static void
report_coverage(const struct postfix *p)
{
    const char *domain = find_local_domain(p);

    if (domain == NULL)
        report(p->mta, CHECK_OK, routes, NULL,
               "members of aliases, who a .forward leads to, bounces, local "
               "submission and address probes are routed");
    else
        report(p->mta, CHECK_DOUBTFUL, "mydestination",
               "keep lists in virtual_alias_maps, or put the domain into "
               "virtual_mailbox_domains",
               "%s is there: local(8) delivers members of aliases(5) and "
               ".forward targets in it by itself, and asks no table",
               domain);
}

/* One of the two rewrites, and sdr.conf says which. */
static void
look_at_mode(const struct postfix *p, const struct tables *tables)
{
    bool asked = tables->ours || tables->astray[0] != '\0';
    char address[256], advice[512];

    best_address(p, address, sizeof address);
    snprintf(advice, sizeof advice, "%s = socketmap:%s:route, and then others",
             routes, address);
    if (!p->mta->tables && asked)
        report(p->mta, CHECK_WRONG, routes,
               "rewrite = tables in [milter] of sdr.conf; or take the table "
               "out",
               "it asks the table \"route\", but sdr.conf has rewrite = "
               "milter: the table does not answer, mail is deferred");
    else if (p->mta->tables && !asked && tables->misnamed[0] == '\0')
        report(p->mta, CHECK_WRONG, routes, advice,
               "it does not ask the table \"route\", but sdr.conf has rewrite "
               "= tables: no mail is routed");
}

/* Another table that takes all of a split domain. */
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
        report(p->mta, result, parameter, "list sdr-milter's table before it",
               "%s comes before sdr-milter's table and knows all of %s: %s",
               table, domain, effect);
        return;
    }
}

/* virtual(8), which delivers by the same parameter, refuses socket maps. */
static void
look_at_virtual(const struct postfix *p, const struct tables *tables)
{
    const struct service *service = next_service(p, NULL, "virtual");
    const char *maps = "virtual_mailbox_maps";

    if (tables->ours && service != NULL
        && strncmp(get(p, NULL, "virtual_transport"), "virtual", 7) == 0
        && strcmp(get(p, NULL, maps), get(p, service, maps)) == 0)
        report(p->mta, CHECK_WRONG, maps,
               "give it to smtpd alone, by -o in master.cf, or let "
               "virtual_transport be another, lmtp for instance",
               "virtual(8) delivers by it too and refuses socketmap: tables: "
               "mail that stays here is deferred");
}

static void
look_at_next_hops(struct postfix *p, const struct tables *tables)
{
    char address[256], advice[512];

    best_address(p, address, sizeof address);
    snprintf(advice, sizeof advice,
             "%s = socketmap:%s:transport, and then others", transports,
             address);
    if (!sdr_config_has_next_hop(p->mta->config)) {
        if (tables->ours)
            report(p->mta, CHECK_DOUBTFUL, transports,
                   "take sdr-milter's table out",
                   "no site has delivery = route: Postfix asks sdr-milter's "
                   "table about all mail, for nothing");
    } else if (tables->ours) {
        look_at_order(p, transports, CHECK_DOUBTFUL,
                      "no next hop of a site is used");
    } else if (tables->astray[0] == '\0') {
        report(p->mta, tables->others ? CHECK_DOUBTFUL : CHECK_WRONG,
               transports, advice,
               "it does not ask sdr-milter's table: mail for sites with "
               "delivery = route stays here%s",
               tables->others ? ", unless another table there has their people"
                              : "");
    }
}

/* ---- all of it ---- */

static void
look_at_map_socket(struct postfix *p, bool asked)
{
    const char *socket = p->mta->config->milter.map_socket;
    char address[256], advice[512];

    best_address(p, address, sizeof address);
    snprintf(advice, sizeof advice,
             "rewrite = tables in sdr.conf, and %s = socketmap:%s:route; "
             "or remove map-socket",
             routes, address);
    if (asked && socket != NULL)
        report_socket(p->mta, "map-socket", socket, get(p, NULL, "mail_owner"));
    else if (socket != NULL && !p->mta->tables)
        report(p->mta, CHECK_DOUBTFUL, "map-socket", advice,
               "no parameter asks the lookup tables at %s", socket);
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
