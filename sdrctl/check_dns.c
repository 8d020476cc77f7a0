/* check_dns.c - sdrctl check dns: does mail in each domain find its site?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "check.h"

/* The domain that is looked at, and what is expected of it. */
struct visit {
    const struct check *check;
    const char *domain;
    struct mx mx;
    /* of what mail cannot do without; DOUBTFUL if it can */
    enum sdr_finding severity;
    enum sdr_finding worst;
};

static void
append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s", more);
}

/* "192.0.2.1, 2001:db8::1" */
static void
list_addresses(const struct sdr_addresses *addresses, char *text, size_t size)
{
    text[0] = '\0';
    for (unsigned i = 0; i < addresses->count; i++) {
        char address[64];

        address_text(&addresses->items[i].address, address, sizeof address);
        append(text, size, i > 0 ? ", " : "");
        append(text, size, address);
    }
}

/* ---- the records ---- */

static void
tell_nowhere(struct visit *visit)
{
    const struct mx *mx = &visit->mx;
    const char *advice = "publish an MX record that leads to the site";

    switch (mx->status) {
    case DNS_NO_NAME:
        tell_finding(&visit->worst, visit->severity, "MX", advice,
                     "there is no domain %s", visit->domain);
        return;
    case DNS_NO_ANSWER:
        tell_finding(&visit->worst, SDR_SILENT, "MX",
                     "ask again later, or look at the name servers", "%s",
                     mx->reason);
        return;
    case DNS_FOUND:
    case DNS_NO_RECORD:
        tell_finding(&visit->worst, visit->severity, "MX", advice,
                     "%s has neither an MX record nor an address",
                     visit->domain);
        return;
    }
}

static void
tell_host(struct visit *visit, const struct mx_host *host, bool alone)
{
    /* Another host may take the mail. */
    enum sdr_finding severity = alone ? visit->severity : SDR_DOUBTFUL;
    struct sockaddr_storage address;
    char addresses[1024];

    list_addresses(&host->addresses, addresses, sizeof addresses);
    switch (host->status) {
    case DNS_FOUND:
        tell_finding(&visit->worst, SDR_FINE, "MX", NULL, "%u %s (%s)%s",
                     host->preference, host->name, addresses,
                     host->here ? ": this host" : "");
        break;
    case DNS_NO_NAME:
    case DNS_NO_RECORD:
        tell_finding(&visit->worst, severity, "MX",
                     parse_address(host->name, &address)
                         ? "an MX record names a host, not an address"
                         : "give the host an address, or name another",
                     "%u %s: the host %s", host->preference, host->name,
                     host->status == DNS_NO_NAME ? "does not exist"
                                                 : "has no address");
        break;
    case DNS_NO_ANSWER:
        tell_finding(&visit->worst, alone ? SDR_SILENT : SDR_DOUBTFUL, "MX",
                     "ask again later, or look at the name servers",
                     "%u %s: %s", host->preference, host->name, host->reason);
        break;
    }
    if (host->alias[0] != '\0')
        tell_finding(&visit->worst, SDR_DOUBTFUL, "MX",
                     "name that host in the MX record: some mail servers "
                     "refuse an alias there",
                     "%s is an alias (CNAME) of %s (RFC 5321, 5.1)", host->name,
                     host->alias);
}

static void
tell_hosts(struct visit *visit)
{
    const struct mx *mx = &visit->mx;
    unsigned reachable = 0;

    for (unsigned i = 0; i < mx->count; i++)
        reachable += mx->hosts[i].status == DNS_FOUND;
    for (unsigned i = 0; i < mx->count; i++)
        tell_host(visit, &mx->hosts[i], reachable == 0);
    if (mx->stray_null)
        tell_finding(&visit->worst, SDR_DOUBTFUL, "MX",
                     "remove the MX record \"0 .\": it says that there is no "
                     "mail",
                     "a null MX among others (RFC 7505, 3)");
}

static void
tell_implicit(struct visit *visit)
{
    char addresses[1024];

    list_addresses(&visit->mx.hosts[0].addresses, addresses, sizeof addresses);
    tell_finding(&visit->worst, SDR_FINE, "MX", NULL,
                 "none: the domain's own address counts (%s)%s", addresses,
                 visit->mx.hosts[0].here ? ": this host" : "");
}

static void
tell_records(struct visit *visit)
{
    switch (visit->mx.kind) {
    case MX_NAMED:
        tell_hosts(visit);
        break;
    case MX_IMPLICIT:
        tell_implicit(visit);
        break;
    case MX_NULL:
        tell_finding(&visit->worst, visit->severity, "MX",
                     "publish an MX record that leads to the site",
                     "the domain says that it takes no mail (null MX)");
        break;
    case MX_NOWHERE:
        tell_nowhere(visit);
        break;
    }
    if (visit->mx.alias[0] != '\0')
        tell_finding(&visit->worst, SDR_DOUBTFUL, "CNAME",
                     "give it MX records of its own: some mail servers, "
                     "Sendmail among them, write the other name into the "
                     "recipient",
                     "%s is an alias of %s", visit->domain, visit->mx.alias);
}

/* ---- where they lead ---- */

static bool
leads_here(const struct mx *mx)
{
    for (unsigned i = 0; i < mx->count; i++) {
        if (mx->hosts[i].here)
            return true;
    }
    return false;
}

/* True if it is known where the domain leads, and that is not here. */
static bool
leads_elsewhere(const struct mx *mx)
{
    for (unsigned i = 0; i < mx->count; i++) {
        if (mx->hosts[i].here || mx->hosts[i].status == DNS_NO_ANSWER)
            return false;
    }
    return mx->count > 0;
}

static bool
share_host(const struct mx *a, const struct mx *b)
{
    struct here there = {0};

    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned j = 0; j < b->hosts[i].addresses.count; j++)
            here_keep(&there, &b->hosts[i].addresses.items[j].address);
    }
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < a->hosts[i].addresses.count; j++) {
            if (here_has(&there, &a->hosts[i].addresses.items[j].address))
                return true;
        }
    }
    return false;
}

/* Mail for another site must not come back. */
static void
tell_loop(struct visit *visit)
{
    const struct mx *mx = &visit->mx;

    if (!leads_here(mx))
        return;
    if (mx->usable > 0)
        tell_finding(&visit->worst, SDR_FINE, "loop", NULL,
                     "this host is a backup: only the %u before it count",
                     mx->usable);
    else
        tell_finding(&visit->worst, SDR_WRONG, "loop",
                     "let the MX records lead to the other site, or tell with "
                     "--here what this host's addresses are",
                     "%s leads to this host: mail for the site loops back",
                     visit->domain);
}

static void
look(struct visit *visit)
{
    mx_find(&visit->mx, visit->check->network.dns, &visit->check->network.here,
            visit->domain);
    tell_records(visit);
}

static enum sdr_finding
check_foreign(const struct check *check, const char *domain)
{
    struct visit visit = {
        .check = check, .domain = domain, .severity = SDR_WRONG};

    look(&visit);
    tell_loop(&visit);
    return visit.worst;
}

static enum sdr_finding
check_next_hop(const struct check *check, const struct sdr_site *site)
{
    struct visit visit = {.check = check, .severity = SDR_WRONG};
    char host[DNS_NAME_SIZE];
    uint16_t port;

    if (!split_next_hop(site->next_hop, host, &port)) {
        tell_finding(&visit.worst, SDR_WRONG, "next-hop",
                     "write next-hop = host:port", "%s is no host and port",
                     site->next_hop);
        return visit.worst;
    }
    visit.domain = host;
    mx_find_host(&visit.mx, check->network.dns, &check->network.here, host);
    if (visit.mx.count == 0)
        tell_nowhere(&visit);
    else
        tell_implicit(&visit);
    tell_loop(&visit);
    return visit.worst;
}

/* ---- which domains ---- */

static bool
is_alias(const struct sdr_config *config, unsigned domain)
{
    return config->domains[domain].canonical != domain;
}

static enum sdr_finding
check_site(const struct check *check, unsigned index)
{
    const struct sdr_config *config = check->config;
    const struct sdr_site *site = &config->sites[index];
    enum sdr_finding worst = SDR_FINE;

    if (site->delivery == SDR_BY_NEXT_HOP) {
        tell_heading("dns: site %s, next hop %s", site->name, site->next_hop);
        worsen(&worst, check_next_hop(check, site));
        return worst;
    }
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_alias(config, i))
            continue;
        tell_heading("dns: site %s, routing domain %s", site->name,
                     config->domains[i].routing[index]);
        worsen(&worst, check_foreign(check, config->domains[i].routing[index]));
    }
    for (unsigned i = 0; i < site->accept_domains.count; i++) {
        tell_heading("dns: site %s, accept-domain %s", site->name,
                     site->accept_domains.items[i]);
        worsen(&worst, check_foreign(check, site->accept_domains.items[i]));
    }
    return worst;
}

/* The other site that DOMAIN leads to, if it leads to none but others. */
static const struct sdr_site *
other_site(struct visit *visit, unsigned domain)
{
    const struct check *check = visit->check;
    const struct sdr_config *config = check->config;

    for (unsigned i = 0; i < config->site_count; i++) {
        struct mx mx;

        if (i == config->this_site
            || config->sites[i].delivery == SDR_BY_NEXT_HOP)
            continue;
        mx_find(&mx, check->network.dns, &check->network.here,
                config->domains[domain].routing[i]);
        if (share_host(&visit->mx, &mx))
            return &config->sites[i];
    }
    return NULL;
}

static enum sdr_finding
check_own(const struct check *check, unsigned domain)
{
    struct visit visit = {
        .check = check,
        .domain =
            check->config->domains[domain].routing[check->config->this_site],
        .severity = SDR_DOUBTFUL};
    const struct sdr_site *other;

    look(&visit);
    if (!leads_elsewhere(&visit.mx))
        return visit.worst;
    other = other_site(&visit, domain);
    if (other != NULL)
        tell_finding(&visit.worst, SDR_WRONG, "loop",
                     "let its MX records lead to this site",
                     "the routing domain of this site leads to the site %s: "
                     "what is sent to us never arrives",
                     other->name);
    else
        tell_finding(&visit.worst, SDR_DOUBTFUL, "MX",
                     "nothing, if it leads to another host of this site; else "
                     "correct it, or tell with --here what this host's "
                     "addresses are",
                     "%s does not lead to this host", visit.domain);
    return visit.worst;
}

static enum sdr_finding
check_split(const struct check *check, unsigned domain)
{
    struct visit visit = {.check = check,
                          .domain = check->config->domains[domain].ascii,
                          .severity = SDR_DOUBTFUL};
    const struct sdr_site *other;

    look(&visit);
    if (!leads_elsewhere(&visit.mx))
        return visit.worst;
    other = other_site(&visit, check->config->domains[domain].canonical);
    if (other != NULL)
        tell_finding(&visit.worst, SDR_DOUBTFUL, "MX",
                     "see that the site hands on what is not its own",
                     "mail from outside comes to the site %s first",
                     other->name);
    else
        tell_finding(&visit.worst, SDR_DOUBTFUL, "MX",
                     "nothing, if what it leads to hands mail on to this host",
                     "mail from outside does not come to this host first");
    return visit.worst;
}

enum sdr_finding
check_dns(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < config->domain_count; i++) {
        tell_heading("dns: split domain %s", config->domains[i].ascii);
        worsen(&worst, check_split(check, i));
    }
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_alias(config, i))
            continue;
        tell_heading("dns: this site, routing domain %s",
                     config->domains[i].routing[config->this_site]);
        worsen(&worst, check_own(check, i));
    }
    for (unsigned i = 0; i < config->site_count; i++) {
        if (i != config->this_site)
            worsen(&worst, check_site(check, i));
    }
    return worst;
}
