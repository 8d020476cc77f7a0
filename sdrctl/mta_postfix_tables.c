/* mta_postfix_tables.c - sdrctl check mta: Postfix and sdr-milter's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mta.h"
#include "mta_postfix.h"

struct visit {
    const struct check *check;
    const struct postconf *postconf;
    enum sdr_finding *worst;
};

/* The table that belongs into a parameter, the programs that ask it, and what
 * waits if they get no answer. */
static const struct place {
    const char *parameter, *table, *commands, *mail;
} places[] = {
    {"virtual_alias_maps", "route", "cleanup smtpd", "all mail"},
    {"relay_recipient_maps", "recipient", "smtpd", "mail in relay_domains"},
    {"virtual_mailbox_maps", "recipient", "smtpd",
     "mail in virtual_mailbox_domains"},
    {"local_recipient_maps", "recipient", "smtpd", "mail in mydestination"},
    {"transport_maps", "transport", "trivial-rewrite", "all mail"},
    /* It has the value of virtual_alias_maps, unless somebody says. */
    {"virtual_alias_domains", "route", "trivial-rewrite", "all mail"},
};
enum { PLACE_COUNT = sizeof places / sizeof places[0], TOLD_COUNT = 5 };

/* ---- sockets ---- */

static bool
same_below(const char *folder, const char *path, const char *socket)
{
    char whole[1024];

    snprintf(whole, sizeof whole, "%s/%s", folder, path + strspn(path, "/"));
    return same_path(whole, socket);
}

bool
leads_to(const struct postconf *postconf, const char *address,
         const char *socket, bool chroot, bool *jail)
{
    const char *queue = postconf_get(postconf, NULL, "queue_directory");
    const char *path = strchr(address, ':');

    if (path == NULL
        || (strncmp(address, "unix:", 5) != 0
            && strncmp(address, "local:", 6) != 0))
        return false;
    path++;
    if ((chroot || path[0] != '/') && same_below(queue, path, socket))
        return true;
    *jail = chroot && same_path(path, socket);
    return path[0] == '/' && same_path(path, socket);
}

/* Whether somebody listens at "unix:PATH", as a service without a jail sees it.
 */
static bool
is_answered(const struct postconf *postconf, const char *address)
{
    const char *path = address + strlen("unix:");
    struct sdr_error error = {""};
    char whole[PATH_MAX];

    snprintf(whole, sizeof whole, "%s%s%s",
             path[0] == '/' ? ""
                            : postconf_get(postconf, NULL, "queue_directory"),
             path[0] == '/' ? "" : "/", path);
    return is_listening(whole, &error);
}

const char *
map_socket_in_postfix(const struct check *check,
                      const struct postconf *postconf)
{
    const char *path = check->config->milter.map_socket;
    const char *queue = postconf_get(postconf, NULL, "queue_directory");
    size_t len = strlen(queue);

    if (path == NULL)
        return "sdr/map.sock";
    return strncmp(path, queue, len) == 0 && path[len] == '/' ? path + len + 1
                                                              : path;
}

/* ---- lists of tables ---- */

static const struct place *
find_place(const char *parameter)
{
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        if (strcmp(places[i].parameter, parameter) == 0)
            return &places[i];
    }
    return NULL;
}

/* Whether an address is that of map-socket for one of the programs that ask it;
 * *BLIND is one that does not see it there. */
static bool
is_ours(const struct check *check, const struct postconf *postconf,
        const struct place *place, const char *address,
        const struct service **blind)
{
    const char *socket = check->config->milter.map_socket;
    bool ours = false;

    *blind = NULL;
    for (unsigned i = 0; socket != NULL && i < postconf->service_count; i++) {
        const struct service *service = &postconf->services[i];
        bool jail = false, led;

        if (!has_word(place->commands, service->command))
            continue;
        led = leads_to(postconf, address, socket, service->chroot, &jail);
        ours |= led;
        if (!led || jail)
            *blind = service;
    }
    return ours;
}

/* "socketmap:unix:PATH:NAME" cut in "unix:PATH" and NAME; NULL for every other
 * table. */
static char *
cut_name(char *address)
{
    char *colon = strrchr(address, ':');

    if (strncmp(address, "unix:", 5) != 0 || colon == address + 4)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

void
read_table(const struct check *check, const struct postconf *postconf,
           const char *parameter, const char *word, struct tables *tables)
{
    const struct place *place = find_place(parameter);
    bool proxy = strncmp(word, "proxy:", 6) == 0;
    const char *table = proxy ? word + 6 : word;
    bool socketmap = strncmp(table, "socketmap:", 10) == 0;
    const struct service *blind;
    char address[512], *name;

    snprintf(address, sizeof address, "%s", socketmap ? table + 10 : "");
    name = cut_name(address);
    if (name != NULL && is_ours(check, postconf, place, address, &blind)) {
        bool fits = strcmp(name, place->table) == 0;

        tables->ours |= fits;
        tables->proxy |= fits && proxy;
        tables->blind = proxy ? tables->blind : blind;
        if (!fits)
            snprintf(tables->misnamed, sizeof tables->misnamed, "%s", name);
    } else if (name != NULL && strcmp(name, place->table) == 0
               && (check->config->milter.map_socket != NULL
                   || !is_answered(postconf, address))) {
        snprintf(tables->astray, sizeof tables->astray, "%s", word);
    } else if (strpbrk(word, ":/") != NULL) {
        tables->others = true;
    }
}

void
read_tables(const struct check *check, const struct postconf *postconf,
            const char *parameter, struct tables *tables)
{
    const char *list = postconf_get(postconf, NULL, parameter);
    char word[512];

    memset(tables, 0, sizeof *tables);
    if (find_place(parameter) == NULL) {
        tables->others = true;
        return;
    }
    while (next_word(&list, word, sizeof word))
        read_table(check, postconf, parameter, word, tables);
    if (tables->ours && tables->astray[0] != '\0') {
        tables->astray[0] = '\0'; /* somebody else's has the same name */
        tables->others = true;
    }
}

bool
is_routed_by_table(const struct check *check, const struct postconf *postconf)
{
    struct tables tables;

    read_tables(check, postconf, "virtual_alias_maps", &tables);
    return tables.ours || tables.astray[0] != '\0';
}

bool
has_word(const char *list, const char *wanted)
{
    char word[128];

    while (next_word(&list, word, sizeof word)) {
        if (strcmp(word, wanted) == 0)
            return true;
    }
    return false;
}

/* ---- findings ---- */

static void
tell_socket_of(const struct visit *visit, const struct place *place,
               const struct tables *tables)
{
    const char *socket = visit->check->config->milter.map_socket;

    if (tables->astray[0] != '\0' && socket == NULL)
        tell_finding(visit->worst, SDR_WRONG, place->parameter,
                     "map-socket = unix:PATH in sdr.conf, and restart "
                     "sdr-milter",
                     "%s: nobody listens there, and sdr.conf has no "
                     "map-socket: %s is deferred",
                     tables->astray, place->mail);
    else if (tables->astray[0] != '\0')
        tell_finding(visit->worst, SDR_WRONG, place->parameter,
                     "write the same path in both files",
                     "%s: map-socket in sdr.conf is %s: %s is deferred",
                     tables->astray, socket, place->mail);
    else if (tables->blind != NULL)
        tell_finding(visit->worst, SDR_WRONG, place->parameter,
                     "give a path below queue_directory, without it: "
                     "unix:sdr/map.sock",
                     "%s is %sconfined to %s, and finds no such socket: %s is "
                     "deferred",
                     tables->blind->name, tables->blind->chroot ? "" : "not ",
                     postconf_get(visit->postconf, NULL, "queue_directory"),
                     place->mail);
}

static void
tell_tables(const struct visit *visit, const struct place *place,
            const struct tables *tables)
{
    char advice[256];

    snprintf(advice, sizeof advice, "socketmap:unix:%s:%s",
             map_socket_in_postfix(visit->check, visit->postconf),
             place->table);
    tell_socket_of(visit, place, tables);
    if (tables->misnamed[0] != '\0')
        tell_finding(visit->worst, SDR_WRONG, place->parameter, advice,
                     "the table of sdr-milter that belongs here is \"%s\", not "
                     "\"%s\": mail goes astray, is refused or deferred",
                     place->table, tables->misnamed);
    if (tables->proxy && strcmp(place->table, "route") == 0)
        tell_finding(visit->worst, SDR_WRONG, place->parameter, advice,
                     "through proxymap(8), which mixes the questions of many: "
                     "copies may be lost, or sent to and fro between the "
                     "sites");
}

/* The first split domain that local(8) delivers in; NULL if there is none. */
static const char *
local_domain(const struct visit *visit)
{
    const struct sdr_config *config = visit->check->config;
    const char *list = postconf_get(visit->postconf, NULL, "mydestination");

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (list_has_domain(list, config->domains[i].ascii) == YES)
            return config->domains[i].ascii;
    }
    return NULL;
}

/* What goes by the table "route" is seen by no milter. */
static void
tell_coverage(const struct visit *visit, const struct tables *tables)
{
    const char *domain = local_domain(visit);

    if (!tables->ours || tables->proxy || tables->blind != NULL)
        return;
    if (domain == NULL)
        tell_finding(visit->worst, SDR_FINE, "virtual_alias_maps", NULL,
                     "members of aliases, who a .forward leads to, bounces, "
                     "local submission and address probes are routed");
    else
        tell_finding(visit->worst, SDR_DOUBTFUL, "mydestination",
                     "keep lists in virtual_alias_maps, or put the domain into "
                     "virtual_mailbox_domains",
                     "%s is there: local(8) delivers members of aliases(5) and "
                     ".forward targets in it by itself, and asks no table",
                     domain);
}

static bool
look_at_places(const struct visit *visit)
{
    bool asked = false;

    for (unsigned i = 0; i < TOLD_COUNT; i++) {
        struct tables tables;

        read_tables(visit->check, visit->postconf, places[i].parameter,
                    &tables);
        asked |= tables.ours || tables.astray[0] != '\0'
                 || tables.misnamed[0] != '\0';
        tell_tables(visit, &places[i], &tables);
        if (i == 0)
            tell_coverage(visit, &tables);
    }
    return asked;
}

/* virtual(8), which delivers by the same parameter, refuses socket maps. */
static void
look_at_virtual(const struct visit *visit)
{
    const struct service *service =
        postconf_service(visit->postconf, "virtual");
    const char *maps = "virtual_mailbox_maps";
    const char *transport =
        postconf_get(visit->postconf, NULL, "virtual_transport");
    struct tables tables;

    read_tables(visit->check, visit->postconf, maps, &tables);
    if (tables.ours && service != NULL && strncmp(transport, "virtual", 7) == 0
        && strcmp(postconf_get(visit->postconf, NULL, maps),
                  postconf_get(visit->postconf, service, maps))
               == 0)
        tell_finding(visit->worst, SDR_WRONG, maps,
                     "give it to smtpd alone, by -o in master.cf, or let "
                     "virtual_transport be another, lmtp for instance",
                     "virtual(8) delivers by it too and refuses socketmap: "
                     "tables: mail that stays here is deferred");
}

/* ---- all of it ---- */

void
look_at_postfix_tables(const struct check *check,
                       const struct postconf *postconf, enum sdr_finding *worst)
{
    const struct visit visit = {check, postconf, worst};
    const char *socket = check->config->milter.map_socket;
    bool asked = look_at_places(&visit);
    char advice[256];

    snprintf(advice, sizeof advice,
             "virtual_alias_maps = socketmap:unix:%s:route, and then others; "
             "or remove map-socket",
             map_socket_in_postfix(check, postconf));
    if (asked && socket != NULL)
        tell_socket(worst, "map-socket", socket,
                    postconf_get(postconf, NULL, "mail_owner"));
    else if (socket != NULL)
        tell_finding(worst, SDR_DOUBTFUL, "map-socket", advice,
                     "no parameter asks the lookup tables at %s", socket);
    look_at_virtual(&visit);
    look_at_postfix_next_hops(check, postconf, worst);
}
