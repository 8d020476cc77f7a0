/* postfix_transports.c - sdrctl check mta: where Postfix sends mail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char transport_maps[] = "transport_maps";
static const char relayhost[] = "relayhost";

/* ---- route lookup, as in trivial-rewrite(8) ---- */

struct route {
    char channel[64], next_hop[512];
    const char *by; /* the parameter it comes from */
    bool stays;     /* Postfix delivers for its address class */
};

static const char *
get_rewrite(const struct postfix *p, const char *name)
{
    return get(p, next_service(p, NULL, "trivial-rewrite"), name);
}

/* Apply "transport:nexthop". Either part may be empty. */
static void
set_route(struct route *route, const char *value, const char *by)
{
    size_t len = strcspn(value, ":");
    const char *next_hop = value[len] == ':' ? value + len + 1 : "";

    if (len > 0) {
        snprintf(route->channel, sizeof route->channel, "%.*s", (int)len,
                 value);
        route->next_hop[0] = '\0';
        route->by = by;
    }
    if (next_hop[0] != '\0') {
        snprintf(route->next_hop, sizeof route->next_hop, "%s", next_hop);
        route->by = by;
    }
}

/* Apply a sender-dependent table if it answers for an invented sender. */
static void
set_by_sender(struct postfix *p, const char *parameter, const char *before,
              struct route *route)
{
    char value[VALUE_SIZE], whole[VALUE_SIZE + 2];

    if (query_address(p, parameter, get_rewrite(p, parameter),
                      PROBE "@" PROBE ".invalid", value)
            != YES
        || strcasecmp(value, "DUNNO") == 0)
        return;
    snprintf(whole, sizeof whole, "%s%s", before, value);
    set_route(route, whole, parameter);
}

/* Set the route that the address class of the domain gives, without
 * transport_maps. */
static void
start_route(struct postfix *p, const char *domain, struct route *route)
{
    enum address_class kind = find_class(p, domain);
    bool known = kind < CLASS_COUNT;
    bool relayed = known ? kind == RELAY : relays_below(p, domain);
    const char *name = relayed ? "relay_transport"
                       : known ? address_classes[kind].transport
                               : "default_transport";

    memset(route, 0, sizeof *route);
    route->stays = known && !relayed;
    set_route(route, get_rewrite(p, name), name);
    if (!known && !relayed)
        set_by_sender(p, "sender_dependent_default_transport_maps", "", route);
    if (route->stays || route->next_hop[0] != '\0')
        return;
    if (get_rewrite(p, relayhost)[0] != '\0') {
        snprintf(route->next_hop, sizeof route->next_hop, "%s",
                 get_rewrite(p, relayhost));
        route->by = relayhost;
    }
    set_by_sender(p, "sender_dependent_relayhost_maps", ":", route);
}

/* Look up transport_maps: the address, the domain, its parent domains with or
 * without a leading dot, and "*". */
static enum answer
find_transport(struct postfix *p, const char *address, char value[VALUE_SIZE])
{
    const char *maps = get_rewrite(p, transport_maps);
    bool bare = has_word(get_rewrite(p, "parent_domain_matches_subdomains"),
                         transport_maps);
    const char *domain = strrchr(address, '@') + 1;
    enum answer answer = query(p, transport_maps, maps, address, true, value);

    if (answer == NO)
        answer = query(p, transport_maps, maps, domain, false, value);
    while (answer == NO && (domain = strchr(domain, '.')) != NULL) {
        answer = query(p, transport_maps, maps, domain + bare, false, value);
        domain++;
    }
    return answer != NO ? answer
                        : query(p, transport_maps, maps, "*", false, value);
}

/* Find the route of an address. Returns false if a table cannot be queried. */
static bool
find_route(struct postfix *p, const char *address, struct route *route)
{
    char value[VALUE_SIZE];
    enum answer answer = find_transport(p, address, value);

    start_route(p, strrchr(address, '@') + 1, route);
    if (answer == YES)
        set_route(route, value, transport_maps);
    return answer != PERHAPS;
}

/* ---- mail for other sites ---- */

/* True if a transport does not pass mail to another host. A pipe(8) program may
 * do so, unless it also delivers the mail that stays here. */
static bool
is_delivered(const struct postfix *p, const struct route *leaving,
             const struct route *staying)
{
    const struct service *service = find_service(p, leaving->channel);
    const char *command = service != NULL ? service->command : "";

    return !has_word("smtp lmtp", command)
           && (strcmp(command, "pipe") != 0
               || strcmp(staying->channel, leaving->channel) == 0);
}

/* True if the route comes from an entry for the parent domain, which other
 * hosts in that domain share. */
static bool
is_of_neighbours(struct postfix *p, const char *target,
                 const struct route *leaving)
{
    const char *dot = strchr(strrchr(target, '@'), '.');
    char neighbour[SDR_ADDRESS_MAX + 32];
    struct route same, any;

    if (leaving->by != transport_maps || dot == NULL)
        return false;
    snprintf(neighbour, sizeof neighbour, PROBE "@" PROBE "%s", dot);
    return find_route(p, neighbour, &same)
           && find_route(p, PROBE "@" PROBE ".invalid", &any)
           && strcmp(leaving->channel, same.channel) == 0
           && strcasecmp(leaving->next_hop, same.next_hop) == 0
           && (strcmp(leaving->channel, any.channel) != 0
               || strcasecmp(leaving->next_hop, any.next_hop) != 0);
}

/* Check the route of a recipient at another site. It should be the MX of the
 * routing domain or an entry for it, not the host with the mailboxes of this
 * site. A relayhost that gets all mail is no error. Returns true after a
 * finding, or if a table cannot be queried. */
static bool
look_at_target(struct postfix *p, const char *target, const char *own)
{
    struct route leaving, staying;
    bool smarthost;

    if (!find_route(p, target, &leaving) || !find_route(p, own, &staying))
        return true;
    if (leaving.stays)
        return false; /* the domain was reported */
    smarthost = leaving.by != NULL && strcmp(leaving.by, relayhost) == 0;
    if (is_delivered(p, &leaving, &staying))
        report(p->mta, CHECK_WRONG, leaving.by,
               "exclude the routing domains of other sites from it",
               "mail for %s goes to the transport \"%s\": it does not reach "
               "the other site",
               target, leaving.channel);
    else if (leaving.next_hop[0] != '\0'
             && strcasecmp(staying.next_hop, leaving.next_hop) == 0
             && !(smarthost && staying.by == leaving.by))
        report(
            p->mta, smarthost ? CHECK_DOUBTFUL : CHECK_WRONG, leaving.by,
            "add an entry for the routing domain of the site to "
            "transport_maps: \"smtp:\" sends mail to its MX",
            "mail for %s goes to %s, and so does mail for %s that stays here: "
            "it does not reach the other site, unless that host sends it on",
            target, leaving.next_hop, own);
    else if (is_of_neighbours(p, target, &leaving))
        report(p->mta, CHECK_WRONG, leaving.by,
               "add an entry for the routing domain of the site: \"smtp:\" "
               "sends mail to its MX",
               "mail for %s goes to %s:%s, like mail for all hosts below %s, "
               "and not to the other site",
               target, leaving.channel, leaving.next_hop,
               strchr(strrchr(target, '@'), '.') + 1);
    else
        return look_at_generic(p, find_service(p, leaving.channel));
    return true;
}

void
look_at_transports(struct postfix *p)
{
    struct probe probe = {0};

    while (next_probe(p->mta, &probe)
           && !look_at_target(p, probe.target, probe.own))
        continue;
}
