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

static bool
is_any_filtered(const struct postfix *p, const char *filter)
{
    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;) {
        if (has_filter(p, s, filter))
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
    return is_any_filtered(p, "smtpd_proxy_filter")
                   || (is_any_filtered(p, "content_filter")
                       && find_line(p->master, key) != NULL)
               ? AFTER
               : NO_FILTER;
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

/* True if only this host can connect to a service. */
static bool
is_loopback(const struct postfix *p, const struct service *service)
{
    static const char *const names[] = {"127.", "localhost:", "[::1]:", "::1:"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(service->name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return strstr(service->name, "/inet") == NULL
           || strcmp(get(p, service, "inet_interfaces"), "loopback-only") == 0;
}

/* ---- findings of a service ---- */

#define TWICE                                                                  \
    "is routed once more: recipients with two mailboxes can get it twice"

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
               p->mta->tables ? "-o receive_override_options="
                                "no_address_mappings for that service in "
                                "master.cf"
                              : "-o smtpd_milters= for that service in "
                                "master.cf",
               "what comes back from content_filter%s " TWICE,
               sure ? "" : ", if it comes back here,");
}

static void
report_unrouted(struct postfix *p, const struct service *service)
{
    bool local = is_loopback(p, service);
    bool after = is_turn_routed(p, AFTER, true);

    if (!p->mta->tables && service->asks && !service->routes && !after)
        report(p->mta, CHECK_WRONG, service->name,
               "let the service that gets the mail back ask sdr-milter, by -o "
               "smtpd_milters in master.cf; or rewrite = tables in sdr.conf",
               "it has smtpd_proxy_filter, so that a milter cannot change "
               "recipients: mail that comes in here is not routed");
    else if (!service->routes
             && !(service->turn == BEFORE && is_turn_routed(p, AFTER, false))
             && !(service->turn == AFTER && is_turn_routed(p, BEFORE, true)))
        report(p->mta, local ? CHECK_DOUBTFUL : CHECK_WRONG, service->name,
               local ? "nothing, if all its mail was routed before; else let "
                       "it ask sdr-milter, or its cleanup(8) the table"
                     : "let it ask sdr-milter, or its cleanup(8) the table",
               "mail that comes in here is not routed: sdr-milter is not "
               "asked");
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
               "smtpd_milters = unix:sdr/milter.sock, after all others",
               "%s: sdr-milter, which listens at %s, is not among them: no "
               "mail is routed",
               milters[0] != '\0' ? milters : "(nothing)",
               p->mta->config->milter.socket);
    else if (p->routed)
        report(p->mta, CHECK_WRONG, "receive_override_options",
               "take no_address_mappings out of one of the services that a "
               "message passes",
               "no service lets cleanup(8) ask virtual_alias_maps: no mail is "
               "routed");
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
               "smtpd_milters = unix:sdr/milter.sock, after all others",
               "no service asks sdr-milter as a milter. Its lookup table "
               "routes all mail but what is addressed by way of this server "
               "(alice%%example.com@localhost): that goes to the mailbox "
               "here. Loops are ended by hopcount_limit (%s) alone, and mail "
               "is deferred in Postfix's words",
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
        report(p->mta, CHECK_DOUBTFUL,
               p->mta->tables ? pickup->name : non_smtpd,
               p->mta->tables ? "take no_address_mappings out"
                              : "non_smtpd_milters = $smtpd_milters",
               "%s: mail that programs on this host send by sendmail(1) is "
               "not routed",
               p->mta->tables ? "its cleanup(8) does not ask the table"
                              : "sdr-milter is not among them");
    else if (pickup->routes && again && !first)
        report(p->mta, CHECK_WRONG, pickup->name,
               p->mta->tables ? "-o receive_override_options="
                                "no_address_mappings for pickup in master.cf"
                              : "non_smtpd_milters = (nothing)",
               "what comes back from content_filter " TWICE);
    else if (pickup->routes && !before && first && is_filtered_by_program(p))
        report(p->mta, CHECK_DOUBTFUL, pickup->name,
               "let the service before the filter not route, if the filter "
               "gives mail back by sendmail(1)",
               "content_filter is a program: what comes back from it by "
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
        report(p->mta, CHECK_WRONG, name, "add sdr-milter, as the last of them",
               "its answer for the client 192.0.2.1 is %s, without "
               "sdr-milter: its mail is not routed",
               list);
    report(p->mta, CHECK_DOUBTFUL, name,
           "see that sdr-milter is the last of all lists in it",
           "%s: the clients in it have milters of their own", maps);
}

bool
look_at_services(struct postfix *p)
{
    bool asked;

    for (unsigned i = 0; i < p->count; i++)
        read_service(p, &p->services[i]);
    asked = look_at_smtpd(p);
    look_at_milter_maps(p);
    return look_at_submission(p) || asked;
}
