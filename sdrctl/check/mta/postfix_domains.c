/* postfix_domains.c - sdrctl check mta: which mail Postfix takes, and where it
 * sends it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The classes of addresses (ADDRESS_CLASS_README), the tables of those
 * recipients that Postfix takes mail for, and the transport; in the order of
 * trivial-rewrite(8), for a domain that is in several. */
enum class { LOCAL, ALIAS, VIRTUAL, RELAY };

static const struct {
    enum class class;
    const char *domains, *recipients, *transport;
} classes[] = {
    {LOCAL, "mydestination", "local_recipient_maps", "local_transport"},
    {ALIAS, "virtual_alias_domains", "virtual_alias_maps", "default_transport"},
    {VIRTUAL, "virtual_mailbox_domains", "virtual_mailbox_maps",
     "virtual_transport"},
    {RELAY, "relay_domains", "relay_recipient_maps", "relay_transport"},
};
enum { CLASS_COUNT = sizeof classes / sizeof classes[0] };

static const char parents[] = "parent_domain_matches_subdomains";
static const char transport_maps[] = "transport_maps";
static const char relayhost[] = "relayhost";

/* Whether DOMAIN is in the list of domains and tables that a parameter is.
 * ".example.com" is its subdomains; a file of domains is no table. */
static enum answer
has_domain(struct postfix *p, const char *parameter, const char *domain)
{
    const char *list = get(p, NULL, parameter);
    char word[VALUE_SIZE], value[VALUE_SIZE];
    enum answer answer = NO;

    while (answer != YES && next_word(&list, word, sizeof word)) {
        if (strcasecmp(word, domain) == 0
            || (word[0] == '.' && is_below(domain, word + 1)))
            return YES;
        if (strchr(word, ':') != NULL) {
            enum answer one = query(p, parameter, word, domain, true, value);

            answer = one != NO ? one : answer;
        } else if (strchr(word, '/') != NULL) {
            answer = PERHAPS;
        }
    }
    return answer;
}

static bool
relays_below(const struct postfix *p, const char *domain)
{
    const char *list = get(p, NULL, "relay_domains");
    char word[512];

    if (!has_word(get(p, NULL, parents), "relay_domains"))
        return false;
    while (next_word(&list, word, sizeof word)) {
        if (is_below(domain, word))
            return true;
    }
    return false;
}

/* The index of a domain's class; -1 for none, -2 if that is unknown. */
static int
index_of(struct postfix *p, const char *domain)
{
    int index = -1;

    for (int i = 0; i < CLASS_COUNT; i++) {
        enum answer answer = has_domain(p, classes[i].domains, domain);

        if (answer == YES)
            return i;
        index = answer == PERHAPS ? -2 : index;
    }
    return index;
}

const char *
find_local_domain(const struct postfix *p)
{
    const struct sdr_config *config = p->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (has_word(get(p, NULL, "mydestination"), config->domains[i].ascii))
            return config->domains[i].ascii;
    }
    return NULL;
}

/* ---- domains of this site ---- */

static bool
refuses_unlisted(const struct postfix *p)
{
    return strcmp(get(p, NULL, "smtpd_reject_unlisted_recipient"), "no") != 0;
}

/* smtpd(8) takes whom virtual_alias_maps has, so that our table "route" there
 * is enough for people of other sites, unless they keep their address. */
static void
look_at_recipients(struct postfix *p, const char *domain, const char *parameter)
{
    const char *list = get(p, NULL, parameter);
    bool refuses = list[0] != '\0' && refuses_unlisted(p);
    struct tables tables;

    read_tables(p, parameter, list, &tables);
    if (tables.ours)
        return;
    if (p->routed && !refuses)
        report(p->mta, CHECK_DOUBTFUL, parameter,
               "add the table \"recipient\" of sdr-milter",
               "Postfix takes mail for unknown recipients in %s, and bounces "
               "it later to senders who may be forged",
               domain);
    else if (refuses && (!p->routed || sdr_config_has_next_hop(p->mta->config)))
        report(p->mta, CHECK_DOUBTFUL, parameter,
               "leave it empty: sdr-milter refuses who is unknown; or see "
               "that it has everybody",
               "%s: Postfix refuses recipients in %s that it does not have, "
               "those of other sites too, before it asks sdr-milter",
               list, domain);
}

/* What stays keeps its address, and goes where its domain's MX leads: here. */
static void
look_at_way_out(struct postfix *p, const char *domain)
{
    struct tables tables;

    read_tables(p, transport_maps, get(p, NULL, transport_maps), &tables);
    if (name_of(p->mta, domain)->kind == SDR_NAME_SPLIT && !tables.others
        && get(p, NULL, relayhost)[0] == '\0'
        && strchr(get(p, NULL, "relay_transport"), ':') == NULL)
        report_loops_back(p->mta, transport_maps, domain);
}

static void
look_at_own(struct postfix *p, const char *domain)
{
    int i = index_of(p, domain);

    if (i == -1)
        report(p->mta, CHECK_WRONG, "relay_domains",
               "add it there, or to mydestination or "
               "virtual_mailbox_domains, by where the mailboxes are",
               "Postfix takes no mail for %s from outside", domain);
    else if (i >= 0 && classes[i].class == ALIAS)
        report(p->mta, CHECK_WRONG, "virtual_alias_domains",
               "put it into the class where the mailboxes are: relay_domains, "
               "for instance",
               "%s is among them: Postfix refuses recipients that stay here, "
               "but for those that a table leads elsewhere%s",
               domain, p->routed ? "" : ", and those of other sites too");
    else if (i >= 0)
        look_at_recipients(p, domain, classes[i].recipients);
    if (i >= 0 && classes[i].class == RELAY)
        look_at_way_out(p, domain);
}

/* Our table of recipients is asked about all domains of its class. */
static void
look_at_strangers(struct postfix *p, const char *domains,
                  const char *recipients)
{
    const char *list = get(p, NULL, domains);
    struct tables tables;
    char word[512];

    read_tables(p, recipients, get(p, NULL, recipients), &tables);
    if (!tables.ours || tables.others || !refuses_unlisted(p))
        return;
    while (next_word(&list, word, sizeof word)) {
        if (strpbrk(word, ":/") != NULL || is_own(p->mta, word))
            continue;
        report(p->mta, CHECK_WRONG, recipients,
               "list the table of their recipients there as well",
               "only sdr-milter is asked, but %s has %s, which is not split: "
               "Postfix refuses all recipients in it",
               domains, word);
        return;
    }
}

/* ---- domains of other sites ---- */

static void
look_at_foreign(struct postfix *p, const char *domain, const char *site)
{
    int i = index_of(p, domain);

    if (i >= 0 && classes[i].class != RELAY)
        report_kept(p->mta, classes[i].domains, domain, site);
    else if (i >= 0)
        report_relayed(p->mta, "relay_domains",
                       "take it out: sdr does not need it", domain, site);
    else if (relays_below(p, domain))
        report(p->mta, CHECK_DOUBTFUL, parents,
               "parent_domain_matches_subdomains = (nothing), or without "
               "relay_domains",
               "relay_domains counts for subdomains too: anybody may relay to "
               "%s, of the site %s, through this host",
               domain, site);
}

static void
look_at_domain(void *arg, const char *domain, const char *site)
{
    if (site == NULL)
        look_at_own(arg, domain);
    else
        look_at_foreign(arg, domain, site);
}

void
look_at_domains(struct postfix *p)
{
    const char *ours = p->mta->config->recipient_delimiter;
    const char *theirs = get(p, NULL, "recipient_delimiter");

    for_each_domain(p->mta->config, look_at_domain, p);
    for (int i = 0; i < CLASS_COUNT; i++) {
        if (classes[i].class != ALIAS)
            look_at_strangers(p, classes[i].domains, classes[i].recipients);
    }
    if (strcmp(ours, theirs) != 0)
        report(p->mta, CHECK_DOUBTFUL, "recipient_delimiter",
               "write the same in both files",
               "\"%s\", but recipient-delimiter in sdr.conf is \"%s\"", theirs,
               ours);
}

/* ---- where mail goes, as trivial-rewrite(8) decides ---- */

struct route {
    char channel[64], next_hop[512];
    const char *by; /* the parameter that names it */
    bool stays;     /* by the class of its domain */
};

static const char *
get_rewrite(const struct postfix *p, const char *name)
{
    return get(p, next_service(p, NULL, "trivial-rewrite"), name);
}

/* "transport:nexthop", either of which may be left out. */
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

/* A map by senders that has any of them. */
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

/* Without transport_maps: by the class of the domain. */
static void
start_route(struct postfix *p, const char *domain, struct route *route)
{
    int i = index_of(p, domain);
    bool relayed = i >= 0 ? classes[i].class == RELAY : relays_below(p, domain);
    const char *name = relayed  ? "relay_transport"
                       : i >= 0 ? classes[i].transport
                                : "default_transport";

    memset(route, 0, sizeof *route);
    route->stays = i >= 0 && !relayed;
    set_route(route, get_rewrite(p, name), name);
    if (i < 0 && !relayed)
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

/* The address, the domain, each one above it with or without a dot before it,
 * and "*". */
static enum answer
find_transport(struct postfix *p, const char *address, char value[VALUE_SIZE])
{
    const char *maps = get_rewrite(p, transport_maps);
    bool bare = has_word(get_rewrite(p, parents), transport_maps);
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

/* False if a table cannot be asked. */
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

/* A transport that hands nothing to another host; a program may do so, unless
 * it delivers what stays here. */
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

/* An entry for the hosts of a domain has the routing domain too. */
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

/* A recipient at another site goes by the MX of his routing domain, or by an
 * entry that is meant for it; not where the mailboxes of this site are. A
 * relayhost takes mail for the whole world, and sends that on: if it has all
 * mail it is no fault. True if something was reported. */
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
               "let it leave the routing domains of other sites alone",
               "mail for %s is given to \"%s\": it does not get to the site",
               target, leaving.channel);
    else if (leaving.next_hop[0] != '\0'
             && strcasecmp(staying.next_hop, leaving.next_hop) == 0
             && !(smarthost && staying.by == leaving.by))
        report(p->mta, smarthost ? CHECK_DOUBTFUL : CHECK_WRONG, leaving.by,
               "in transport_maps, give the routing domain of the site an "
               "entry of its own: \"smtp:\" is its MX",
               "mail for %s goes to %s, where mail for %s goes that stays "
               "here: it does not get to the other site, unless that host "
               "sends it on",
               target, leaving.next_hop, own);
    else if (is_of_neighbours(p, target, &leaving))
        report(p->mta, CHECK_WRONG, leaving.by,
               "give the routing domain of the site an entry of its own: "
               "\"smtp:\" is its MX",
               "mail for %s goes to %s:%s, as for all hosts below %s, and not "
               "to the other site",
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
