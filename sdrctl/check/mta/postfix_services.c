/* postfix_services.c - sdrctl check mta: which services' mail is routed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>

static const char non_smtpd[] = "non_smtpd_milters";

static bool
has_option(const struct postfix *p, const struct service *service,
           const char *option)
{
    return strstr(get(p, service, "receive_override_options"), option) != NULL;
}

static bool
has_filter(const struct postfix *p, const struct service *service,
           const char *filter)
{
    return get(p, service, filter)[0] != '\0';
}

/* ---- what each service does ---- */

/* True if the cleanup service of this service queries sdr-milter's table. */
static bool
is_mapped(const struct postfix *p, const struct service *service)
{
    const char *maps = "virtual_alias_maps";
    const struct service *cleanup =
        find_service(p, get(p, service, "cleanup_service_name"));
    struct tables tables;

    read_tables(p, maps, get(p, cleanup, maps), &tables);
    return p->routed && !has_option(p, service, "no_address_mappings")
           && (tables.ours || tables.astray[0] != '\0');
}

/* The action FILTER is another way to set content_filter. */
static bool
is_any_filtered(const struct postfix *p, const char *filter)
{
    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;) {
        if (has_filter(p, s, filter)
            || (s->filters && strcmp(filter, "content_filter") == 0))
            return true;
    }
    return false;
}

/* A service gets mail back from a filter if it has content_filter set to
 * nothing, or if another service has smtpd_proxy_filter. */
static enum turn
turn_of(const struct postfix *p, const struct service *service)
{
    char key[256];

    snprintf(key, sizeof key, "%s/content_filter =", service->name);
    if (has_filter(p, service, "content_filter")
        || has_filter(p, service, "smtpd_proxy_filter"))
        return BEFORE;
    if (is_any_filtered(p, "smtpd_proxy_filter")
        || (is_any_filtered(p, "content_filter")
            && find_line(p->master, key) != NULL))
        return AFTER;
    return service->filters ? BEFORE : NO_FILTER;
}

/* Set what a service does. pickup(8) receives mail from sendmail(1), and
 * cleanup(8) then calls the milters. Milters cannot edit recipients of mail
 * that goes to a before-queue filter. */
static void
read_service(const struct postfix *p, struct service *service)
{
    const struct service *cleanup = next_service(p, NULL, "cleanup");
    bool smtpd = strcmp(service->command, "smtpd") == 0;

    if (!smtpd && (strcmp(service->command, "pickup") != 0 || cleanup == NULL))
        return;
    service->turn = turn_of(p, service);
    service->asks =
        !has_option(p, service, "no_milters")
        && asks_milter(p, smtpd ? service : cleanup,
                       get(p, service, smtpd ? "smtpd_milters" : non_smtpd));
    service->routes =
        p->mta->tables
            ? is_mapped(p, service)
            : service->asks
                  && !(smtpd && has_filter(p, service, "smtpd_proxy_filter"));
}

/* True if an smtpd(8) at this turn routes, or, if ALL, if every one does. */
static bool
is_turn_routed(const struct postfix *p, enum turn turn, bool all)
{
    bool any = false;

    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;) {
        if (s->turn == turn && all && !s->routes)
            return false;
        any |= s->turn == turn && s->routes;
    }
    return any;
}

/* postscreen(8) passes connections from anywhere to a service of type "pass".
 */
bool
is_loopback(const struct postfix *p, const struct service *service)
{
    static const char *const names[] = {"127.", "localhost:", "[::1]:", "::1:"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(service->name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return (strstr(service->name, "/inet") == NULL
            && strstr(service->name, "/pass") == NULL)
           || strcmp(get(p, service, "inet_interfaces"), "loopback-only") == 0;
}

/* ---- findings of a service ---- */

#define TWICE "is routed again: recipients with two mailboxes can get it twice"

/* A service on the loopback interface without a filter of its own usually
 * receives mail back from the filter. */
static void
report_twice(struct postfix *p, const struct service *service)
{
    bool sure = service->turn == AFTER;

    if (service->routes
        && (sure || (service->turn == NO_FILTER && is_loopback(p, service)))
        && is_any_filtered(p, "content_filter")
        && is_turn_routed(p, BEFORE, false))
        report(p->mta, sure ? CHECK_WRONG : CHECK_DOUBTFUL, service->name,
               p->mta->tables
                   ? "add -o receive_override_options=no_address_mappings to "
                     "that service in master.cf"
                   : "add -o smtpd_milters= to that service in master.cf",
               "mail that comes back from content_filter%s " TWICE,
               sure ? "" : ", if it comes back to this service,");
}

/* True if some mail of the service does not go to its filter. */
static bool
passes_some(const struct postfix *p, const struct service *service)
{
    return !has_filter(p, service, "content_filter")
           && !has_filter(p, service, "smtpd_proxy_filter");
}

static void
report_unrouted(struct postfix *p, const struct service *service)
{
    bool local = is_loopback(p, service);
    bool after = is_turn_routed(p, AFTER, true);

    if (!p->mta->tables && service->asks && !service->routes && !after)
        report(
            p->mta, CHECK_WRONG, service->name,
            "let the service that gets the mail back ask sdr-milter, with -o "
            "smtpd_milters in master.cf; or set rewrite = tables in sdr.conf",
            "it has smtpd_proxy_filter, so a milter cannot change recipients: "
            "mail that this service receives is not routed");
    else if (!service->routes
             && !(service->turn == BEFORE && is_turn_routed(p, AFTER, false)
                  && !passes_some(p, service))
             && !(service->turn == AFTER && is_turn_routed(p, BEFORE, true)))
        report(p->mta, local ? CHECK_DOUBTFUL : CHECK_WRONG, service->name,
               local
                   ? "do nothing if all its mail was routed before; else let "
                     "it ask sdr-milter, or let its cleanup(8) query the table"
                   : "let it ask sdr-milter, or let its cleanup(8) query the "
                     "table",
               "it does not ask sdr-milter: mail that this service receives is "
               "not routed");
}

/* Check one smtpd(8). *SEEN is the last list of milters checked, or NULL. */
static void
look_at_service(struct postfix *p, const struct service *service,
                const char **seen)
{
    const char *list = get(p, service, "smtpd_milters");
    struct milters milters;

    read_milters(p, service, list, &milters);
    if (service->asks && (*seen == NULL || strcmp(*seen, list) != 0)) {
        report_milters(p, service, list, &milters, service->name);
        *seen = list;
    }
    report_twice(p, service);
    report_unrouted(p, service);
}

/* ---- all services ---- */

/* Report that no service routes. */
static void
report_none(struct postfix *p)
{
    const char *milters = get(p, NULL, "smtpd_milters");

    if (!p->mta->tables)
        report(p->mta, CHECK_WRONG, "smtpd_milters",
               "set smtpd_milters = unix:sdr/milter.sock, after all others",
               "%s: sdr-milter, which listens at %s, is not in this list: no "
               "mail is routed",
               milters[0] != '\0' ? milters : "(nothing)",
               p->mta->config->milter.socket);
    else if (p->routed)
        report(p->mta, CHECK_WRONG, "receive_override_options",
               "remove no_address_mappings from one of the services that a "
               "message passes",
               "no service lets cleanup(8) query virtual_alias_maps: no mail "
               "is routed");
}

/* Check all smtpd(8) services. Returns true if any calls sdr-milter. */
static bool
look_at_smtpd(struct postfix *p)
{
    unsigned all = 0, asking = 0, routing = 0;
    const char *seen = NULL;

    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL; all++) {
        asking += s->asks;
        routing += s->routes;
    }
    if ((p->mta->tables ? routing : asking) == 0) {
        report_none(p);
        return asking > 0;
    }
    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;)
        look_at_service(p, s, &seen);
    if (asking == all)
        report(p->mta, CHECK_OK, "smtpd", NULL,
               "all %u services ask sdr-milter", all);
    else if (asking == 0 && routing == all)
        report(p->mta, CHECK_DOUBTFUL, "smtpd_milters",
               "set smtpd_milters = unix:sdr/milter.sock, after all others",
               "no service asks sdr-milter as a milter. Its lookup table "
               "routes all mail, except to addresses that name this server "
               "(alice%%example.com@localhost): that mail goes to the mailbox "
               "here. Only hopcount_limit (%s) ends loops, and replies to "
               "deferred mail are Postfix's own",
               get(p, NULL, "hopcount_limit"));
    return asking > 0;
}

/* ---- sendmail(1) ---- */

/* True if a content_filter is a pipe(8) program, which reinjects mail by
 * sendmail(1). */
static bool
is_filtered_by_program(const struct postfix *p)
{
    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;) {
        const char *value = get(p, s, "content_filter");
        const struct service *filter;
        char channel[64];

        snprintf(channel, sizeof channel, "%.*s", (int)strcspn(value, ":"),
                 value);
        filter = find_service(p, channel);
        if (filter != NULL && strcmp(filter->command, "pipe") == 0)
            return true;
    }
    return false;
}

static void
report_submission(struct postfix *p, const struct service *pickup)
{
    bool before = has_filter(p, pickup, "content_filter");
    bool again = before && is_turn_routed(p, AFTER, false);
    bool first = is_turn_routed(p, BEFORE, false);

    if (!pickup->routes && !again)
        report(
            p->mta, CHECK_DOUBTFUL, p->mta->tables ? pickup->name : non_smtpd,
            p->mta->tables ? "remove no_address_mappings"
                           : "set non_smtpd_milters = $smtpd_milters",
            "%s: mail that programs on this host send with sendmail(1) is not "
            "routed",
            p->mta->tables ? "its cleanup(8) does not query sdr-milter's table"
                           : "sdr-milter is not in this list");
    else if (pickup->routes && again && !first)
        report(p->mta, CHECK_WRONG, pickup->name,
               p->mta->tables
                   ? "add -o receive_override_options=no_address_mappings to "
                     "pickup in master.cf"
                   : "set non_smtpd_milters to nothing",
               "mail that comes back from content_filter " TWICE);
    else if (pickup->routes && !before && first && is_filtered_by_program(p))
        report(p->mta, CHECK_DOUBTFUL, pickup->name,
               "if the filter returns mail with sendmail(1), do not let the "
               "service before the filter route it",
               "content_filter is a program: mail that it returns with "
               "sendmail(1) " TWICE);
}

/* Check mail by sendmail(1). Returns true if it passes sdr-milter. */
static bool
look_at_submission(struct postfix *p)
{
    const struct service *cleanup = next_service(p, NULL, "cleanup");
    const struct service *pickup = next_service(p, NULL, "pickup");
    const char *list = get(p, cleanup, non_smtpd);
    struct milters milters;

    if (cleanup == NULL || pickup == NULL)
        return false;
    read_milters(p, cleanup, list, &milters);
    if (milters.ours)
        report_milters(p, cleanup,
                       strcmp(list, get(p, NULL, "smtpd_milters")) == 0
                           ? "" /* the others were checked */
                           : list,
                       &milters, non_smtpd);
    report_submission(p, pickup);
    return milters.ours;
}

/* Check smtpd_milter_maps, which replaces smtpd_milters for some clients. An
 * address outside the network is looked up. */
static void
look_at_milter_maps(struct postfix *p)
{
    const char *name = "smtpd_milter_maps", *maps = get(p, NULL, name);
    const struct service *smtpd = next_service(p, NULL, "smtpd");
    char list[VALUE_SIZE];

    if (maps[0] == '\0' || smtpd == NULL || p->mta->tables)
        return;
    if (query(p, name, maps, "192.0.2.1", true, list) == YES
        && !asks_milter(p, smtpd, list))
        report(p->mta, CHECK_WRONG, name, "add sdr-milter as the last milter",
               "it gives the client 192.0.2.1 the milters %s, without "
               "sdr-milter: mail from this client is not routed",
               list);
    report(p->mta, CHECK_DOUBTFUL, name,
           "make sure that sdr-milter is the last milter of each list in it",
           "%s: clients in this table have their own milters", maps);
}

bool
look_at_services(struct postfix *p)
{
    bool asked;

    for (unsigned i = 0; i < p->count; i++)
        p->services[i].filters = is_filtered_by_action(p, &p->services[i]);
    for (unsigned i = 0; i < p->count; i++)
        read_service(p, &p->services[i]);
    asked = look_at_smtpd(p);
    look_at_milter_maps(p);
    return look_at_submission(p) || asked;
}
