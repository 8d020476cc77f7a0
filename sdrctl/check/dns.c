/* dns.c - sdrctl check dns: where mail for each domain goes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "check/dns_check.h"

static void
append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s", more);
}

/* Write the addresses as "192.0.2.1, 2001:db8::1". */
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
report_nowhere(struct dns_check *state)
{
    const struct mx *mx = &state->mx;
    const char *advice = "publish an MX record that points to the site";

    switch (mx->status) {
    case DNS_NO_NAME:
        report_finding(&state->worst, state->severity, "MX", advice,
                       "no such domain: %s", state->domain);
        return;
    case DNS_NO_ANSWER:
        report_finding(&state->worst, CHECK_UNREACHABLE, "MX",
                       "try again later, or check the name servers", "%s",
                       mx->reason);
        return;
    case DNS_FOUND:
    case DNS_NO_RECORD:
        report_finding(&state->worst, state->severity, "MX", advice,
                       "%s has neither an MX record nor an address",
                       state->domain);
        return;
    }
}

static void
report_host(struct dns_check *state, const struct mx_host *host, bool alone)
{
    /* If other hosts are reachable, they may accept the mail. */
    enum check_result severity = alone ? state->severity : CHECK_DOUBTFUL;
    struct sockaddr_storage address;
    char addresses[1024];

    list_addresses(&host->addresses, addresses, sizeof addresses);
    switch (host->status) {
    case DNS_FOUND:
        report_finding(&state->worst, CHECK_OK, "MX", NULL, "%u %s (%s)%s",
                       host->preference, host->name, addresses,
                       host->local ? ": this host" : "");
        break;
    case DNS_NO_NAME:
    case DNS_NO_RECORD:
        report_finding(&state->worst, severity, "MX",
                       parse_address(host->name, &address)
                           ? "an MX record must name a host, not an address"
                           : "give the host an address, or name another",
                       "%u %s: the host %s", host->preference, host->name,
                       host->status == DNS_NO_NAME ? "does not exist"
                                                   : "has no address");
        break;
    case DNS_NO_ANSWER:
        report_finding(&state->worst,
                       alone ? CHECK_UNREACHABLE : CHECK_DOUBTFUL, "MX",
                       "try again later, or check the name servers",
                       "%u %s: %s", host->preference, host->name, host->reason);
        break;
    }
    if (host->alias[0] != '\0')
        report_finding(&state->worst, CHECK_DOUBTFUL, "MX",
                       "name that host in the MX record: some mail servers "
                       "refuse an alias there",
                       "%s is an alias (CNAME) of %s (RFC 5321, 5.1)",
                       host->name, host->alias);
}

static void
report_hosts(struct dns_check *state)
{
    const struct mx *mx = &state->mx;
    unsigned reachable = 0;

    for (unsigned i = 0; i < mx->count; i++)
        reachable += mx->hosts[i].status == DNS_FOUND;
    for (unsigned i = 0; i < mx->count; i++)
        report_host(state, &mx->hosts[i], reachable == 0);
    if (mx->stray_null)
        report_finding(&state->worst, CHECK_DOUBTFUL, "MX",
                       "remove the MX record \"0 .\": it means that the domain "
                       "accepts no mail",
                       "a null MX among other MX records (RFC 7505, 3)");
}

static void
report_implicit(struct dns_check *state)
{
    char addresses[1024];

    list_addresses(&state->mx.hosts[0].addresses, addresses, sizeof addresses);
    report_finding(&state->worst, CHECK_OK, "MX", NULL,
                   "none: the domain's own address is used (%s)%s", addresses,
                   state->mx.hosts[0].local ? ": this host" : "");
}

static void
report_records(struct dns_check *state)
{
    switch (state->mx.kind) {
    case MX_NAMED:
        report_hosts(state);
        break;
    case MX_IMPLICIT:
        report_implicit(state);
        break;
    case MX_NULL:
        report_finding(&state->worst, state->severity, "MX",
                       "publish an MX record that points to the site",
                       "the domain accepts no mail (null MX)");
        break;
    case MX_NOWHERE:
        report_nowhere(state);
        break;
    }
    if (state->mx.alias[0] != '\0')
        report_finding(
            &state->worst, CHECK_DOUBTFUL, "CNAME",
            "give it MX records of its own: some mail servers, including "
            "Sendmail, rewrite recipients to the other name",
            "%s is an alias of %s", state->domain, state->mx.alias);
    dns_check_tlsa(state);
}

/* ---- where they point ---- */

static bool
leads_local(const struct mx *mx)
{
    for (unsigned i = 0; i < mx->count; i++) {
        if (mx->hosts[i].local)
            return true;
    }
    return false;
}

/* True if all MX hosts are known to be other hosts. */
static bool
leads_elsewhere(const struct mx *mx)
{
    for (unsigned i = 0; i < mx->count; i++) {
        if (mx->hosts[i].local || mx->hosts[i].status == DNS_NO_ANSWER)
            return false;
    }
    return mx->count > 0;
}

static bool
share_host(const struct mx *a, const struct mx *b)
{
    struct local_addresses there = {0};

    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned j = 0; j < b->hosts[i].addresses.count; j++)
            local_addresses_keep(&there,
                                 &b->hosts[i].addresses.items[j].address);
    }
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < a->hosts[i].addresses.count; j++) {
            if (local_addresses_has(&there,
                                    &a->hosts[i].addresses.items[j].address))
                return true;
        }
    }
    return false;
}

/* Report a loop if the domain of another site points to this host. */
static void
report_loop(struct dns_check *state)
{
    const struct mx *mx = &state->mx;

    if (!leads_local(mx))
        return;
    if (mx->usable > 0)
        report_finding(
            &state->worst, CHECK_OK, "loop", NULL,
            "this host is a backup: only the %u hosts preferred to it are used",
            mx->usable);
    else
        report_finding(&state->worst, CHECK_WRONG, "loop",
                       "point the MX records to the other site, or name this "
                       "host's addresses with --here",
                       "%s points to this host: mail for the site loops back",
                       state->domain);
}

static void
report_mx(struct dns_check *state)
{
    mx_find(&state->mx, state->check->network.dns, &state->check->network.local,
            state->domain);
    report_records(state);
}

static enum check_result
check_foreign(const struct check *check, const char *domain,
              struct local_addresses *sources)
{
    struct dns_check state = {
        .check = check, .domain = domain, .severity = CHECK_WRONG};

    report_mx(&state);
    report_loop(&state);
    dns_check_add_sources(&state.mx, sources);
    return state.worst;
}

static enum check_result
check_next_hop(const struct check *check, const struct sdr_site *site,
               struct local_addresses *sources)
{
    struct dns_check state = {.check = check, .severity = CHECK_WRONG};
    char host[DNS_NAME_SIZE];
    uint16_t port;

    if (!split_next_hop(site->next_hop, host, &port)) {
        report_finding(&state.worst, CHECK_WRONG, "next-hop",
                       "write next-hop = host:port",
                       "%s is not a host and port", site->next_hop);
        return state.worst;
    }
    state.domain = host;
    mx_find_host(&state.mx, check->network.dns, &check->network.local, host);
    if (state.mx.count == 0)
        report_nowhere(&state);
    else
        report_implicit(&state);
    report_loop(&state);
    dns_check_add_sources(&state.mx, sources);
    return state.worst;
}

/* ---- which domains ---- */

static bool
is_alias(const struct sdr_config *config, unsigned domain)
{
    return config->domains[domain].canonical != domain;
}

static enum check_result
check_site(const struct check *check, unsigned index,
           struct local_addresses *sources)
{
    const struct sdr_config *config = check->config;
    const struct sdr_site *site = &config->sites[index];
    enum check_result worst = CHECK_OK;

    if (site->delivery == SDR_BY_NEXT_HOP) {
        report_heading("dns: site %s, next hop %s", site->name, site->next_hop);
        worsen(&worst, check_next_hop(check, site, sources));
        return worst;
    }
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_alias(config, i))
            continue;
        report_heading("dns: site %s, routing domain %s", site->name,
                       config->domains[i].routing[index]);
        worsen(&worst, check_foreign(check, config->domains[i].routing[index],
                                     sources));
    }
    for (unsigned i = 0; i < site->accept_domains.count; i++) {
        report_heading("dns: site %s, accept-domain %s", site->name,
                       site->accept_domains.items[i]);
        worsen(&worst,
               check_foreign(check, site->accept_domains.items[i], sources));
    }
    return worst;
}

/* Returns the other site whose routing domain shares an MX host with this
 * domain, or NULL. */
static const struct sdr_site *
other_site(struct dns_check *state, unsigned domain)
{
    const struct check *check = state->check;
    const struct sdr_config *config = check->config;

    for (unsigned i = 0; i < config->site_count; i++) {
        struct mx mx;

        if (i == config->this_site
            || config->sites[i].delivery == SDR_BY_NEXT_HOP)
            continue;
        mx_find(&mx, check->network.dns, &check->network.local,
                config->domains[domain].routing[i]);
        if (share_host(&state->mx, &mx))
            return &config->sites[i];
    }
    return NULL;
}

static enum check_result
check_own(const struct check *check, unsigned domain)
{
    struct dns_check state = {
        .check = check,
        .domain =
            check->config->domains[domain].routing[check->config->this_site],
        .severity = CHECK_DOUBTFUL};
    const struct sdr_site *other;

    report_mx(&state);
    if (!leads_elsewhere(&state.mx))
        return state.worst;
    other = other_site(&state, domain);
    if (other != NULL)
        report_finding(&state.worst, CHECK_WRONG, "loop",
                       "point its MX records to this site",
                       "the routing domain of this site points to the site %s: "
                       "mail sent to it never arrives here",
                       other->name);
    else
        report_finding(
            &state.worst, CHECK_DOUBTFUL, "MX",
            "ignore this if it points to another host of this site; otherwise "
            "correct it, or name this host's addresses with --here",
            "%s does not point to this host", state.domain);
    return state.worst;
}

static enum check_result
check_split(const struct check *check, unsigned domain)
{
    struct dns_check state = {.check = check,
                              .domain = check->config->domains[domain].ascii,
                              .severity = CHECK_DOUBTFUL};
    const struct sdr_site *other;

    report_mx(&state);
    if (state.mx.status != DNS_NO_ANSWER) {
        dns_check_ttl(&state);
        dns_check_mta_sts(&state, domain);
        dns_check_sender_policies(&state);
    }
    if (!leads_elsewhere(&state.mx))
        return state.worst;
    other = other_site(&state, check->config->domains[domain].canonical);
    if (other != NULL)
        report_finding(
            &state.worst, CHECK_DOUBTFUL, "MX",
            "make sure that the site forwards mail that is not its own",
            "mail from outside arrives at the site %s first", other->name);
    else
        report_finding(
            &state.worst, CHECK_DOUBTFUL, "MX",
            "ignore this if the hosts it points to forward mail to this host",
            "mail from outside does not arrive at this host first");
    return state.worst;
}

enum check_result
check_dns(const struct check *check)
{
    const struct sdr_config *config = check->config;
    struct local_addresses sources = check->network.named;
    enum check_result worst = CHECK_OK;

    for (unsigned i = 0; i < config->domain_count; i++) {
        report_heading("dns: split domain %s", config->domains[i].ascii);
        worsen(&worst, check_split(check, i));
    }
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_alias(config, i))
            continue;
        report_heading("dns: this site, routing domain %s",
                       config->domains[i].routing[config->this_site]);
        worsen(&worst, check_own(check, i));
    }
    for (unsigned i = 0; i < config->site_count; i++) {
        if (i != config->this_site)
            worsen(&worst, check_site(check, i, &sources));
    }
    report_heading("dns: this host");
    dns_check_names(check, &sources, &worst);
    return worst;
}
