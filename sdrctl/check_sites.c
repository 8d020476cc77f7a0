/* check_sites.c - sdrctl check sites: would the other sites take their mail?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An SMTP conversation with each host of a site up to the recipients; no
 * message is ever sent.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "probe.h"

/* More addresses of one domain are not tried. */
enum { ADDRESSES_MAX = 16 };

/* A site in one split domain, and how far its hosts could be reached. */
struct visit {
    const struct check *check;
    struct probe probe;
    const struct sdr_site *site;
    const char *name; /* what the mail is for */
    uint16_t port;
    struct mx mx;
    unsigned reached;  /* addresses that answered */
    unsigned unrouted; /* addresses without a route: no IPv6 here */
    unsigned failure_count;
    struct sdr_error failures[ADDRESSES_MAX];
};

static void
try_address(struct visit *visit, const struct mx_host *host, unsigned index)
{
    struct sockaddr_storage address = host->addresses.items[index].address;
    const struct network *network = &visit->check->network;
    const struct smtp_host to = {.name = host->name,
                                 .address = (const struct sockaddr *)&address,
                                 .len = host->addresses.items[index].len,
                                 .timeout = network->timeout,
                                 .tls_ca_file = network->tls_ca_file};
    struct smtp *smtp = NULL;
    struct sdr_error error = {""};
    char text[64];

    set_port(&address, visit->port);
    if (!is_routed(&address, to.len)) {
        visit->unrouted++;
        return;
    }
    if (smtp_open(&smtp, to.address, to.len, to.timeout, &error) != SDR_OK) {
        sdr_error_prefix(&error, "%s", host->name);
        visit->failures[visit->failure_count++] = error;
        return;
    }
    address_text(&address, text, sizeof text);
    tell_heading("site %s, %s, %s [%s]:%u", visit->site->name, visit->name,
                 host->name, text, (unsigned)visit->port);
    visit->reached++;
    probe_host(&visit->probe, &smtp, &to);
    smtp_close(&smtp);
}

/* ---- a site in a domain ---- */

/* Not one of its hosts can be tried. */
static void
tell_no_hosts(struct visit *visit)
{
    bool silent = visit->mx.status == DNS_NO_ANSWER;
    const char *advice = "see sdrctl check dns";

    for (unsigned i = 0; i < visit->mx.usable; i++)
        silent |= visit->mx.hosts[i].status == DNS_NO_ANSWER;
    if (visit->unrouted > 0)
        tell_finding(&visit->probe.worst, SDR_SILENT, "connection",
                     "give this host an address of that kind",
                     "no way from this host to any of the %u addresses",
                     visit->unrouted);
    else if (silent)
        tell_finding(&visit->probe.worst, SDR_SILENT, "MX", advice,
                     "nobody knows where mail for %s leads", visit->name);
    else if (visit->mx.count > 0 && visit->mx.usable == 0)
        tell_finding(&visit->probe.worst, SDR_WRONG, "MX", advice,
                     "mail for %s leads to this host", visit->name);
    else
        tell_finding(&visit->probe.worst, SDR_WRONG, "MX", advice,
                     "mail for %s leads nowhere", visit->name);
}

static void
tell_failures(struct visit *visit)
{
    /* Others take the mail. */
    enum sdr_finding finding = visit->reached > 0 ? SDR_DOUBTFUL : SDR_SILENT;

    for (unsigned i = 0; i < visit->failure_count; i++)
        tell_finding(&visit->probe.worst, finding, "connection",
                     "see whether the host runs, and a firewall lets this host "
                     "through",
                     "%s", visit->failures[i].text);
}

static void
try_hosts(struct visit *visit)
{
    unsigned tried = 0;

    if (visit->probe.known[0] == '\0')
        tell_finding(
            &visit->probe.worst, SDR_DOUBTFUL, "verify-address",
            "add to the site a verify-address, a mailbox that is there",
            "none for %s: whether it takes anybody's mail is not tried",
            visit->name);
    for (unsigned i = 0; i < visit->mx.usable; i++) {
        const struct mx_host *host = &visit->mx.hosts[i];

        for (unsigned j = 0; j < host->addresses.count && tried < ADDRESSES_MAX;
             j++) {
            try_address(visit, host, j);
            tried++;
        }
    }
    if (visit->reached + visit->failure_count == 0) {
        tell_no_hosts(visit);
    } else if (visit->failure_count > 0) {
        tell_heading("site %s, %s", visit->site->name, visit->name);
        tell_failures(visit);
    }
}

/* The first mailbox that the site has in this split domain, written with
 * DOMAIN. */
static void
choose_known(struct visit *visit, unsigned split, const char *domain)
{
    const struct sdr_config *config = visit->check->config;
    const struct sdr_list *list = &visit->site->verify_addresses;

    for (unsigned i = 0; i < list->count; i++) {
        struct sdr_address address;
        const struct sdr_name *name = NULL;

        if (sdr_address_parse(&address, list->items[i]) == SDR_OK)
            name = sdr_config_name(config, address.domain);
        if (name == NULL || name->split != split)
            continue;
        snprintf(visit->probe.known, sizeof visit->probe.known, "%s@%s",
                 address.local, domain);
        return;
    }
}

static enum sdr_finding
check_domain(const struct check *check, const struct sdr_site *site,
             unsigned split)
{
    struct visit visit = {.check = check, .site = site};
    const struct sdr_domain *domain = &check->config->domains[split];

    visit.name = site->delivery == SDR_REWRITE
                     ? domain->routing[site - check->config->sites]
                     : domain->ascii;
    choose_known(&visit, split, visit.name);
    smtp_invent(visit.probe.unknown, sizeof visit.probe.unknown, visit.name);
    tell_heading("site %s, %s", site->name, visit.name);
    network_find(&check->network, site, visit.name, &visit.mx, &visit.port);
    try_hosts(&visit);
    return visit.probe.worst;
}

static bool
is_chosen_site(const struct check *check, const struct sdr_site *site)
{
    for (int i = 0; i < check->chosen.count; i++) {
        if (strcasecmp(check->chosen.names[i], site->name) == 0)
            return true;
    }
    return check->chosen.count == 0;
}

bool
are_sites(const struct check *check)
{
    for (int i = 0; i < check->chosen.count; i++) {
        unsigned j = 0;

        while (
            j < check->config->site_count
            && strcasecmp(check->chosen.names[i], check->config->sites[j].name)
                   != 0)
            j++;
        if (j == check->config->site_count)
            return false;
    }
    return true;
}

enum sdr_finding
check_sites(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (i == config->this_site || !is_chosen_site(check, &config->sites[i]))
            continue;
        for (unsigned j = 0; j < config->domain_count; j++) {
            if (config->domains[j].canonical == j)
                worsen(&worst, check_domain(check, &config->sites[i], j));
        }
    }
    return worst;
}
