/* sites.c - sdrctl check sites: do other sites accept their mail?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Opens an SMTP session with each host of a site, up to the recipients. No
 * message is sent.
 */
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "check/smtp_probe.h"

/* The number of addresses tried for one domain. */
enum { ADDRESSES_MAX = 16 };

/* The check of a site for one split domain. */
struct sites_check {
    const struct check *check;
    struct probe probe;
    const struct sdr_site *site;
    const char *name; /* the domain of the recipients */
    uint16_t port;
    struct mx mx;
    unsigned reached;  /* addresses that answered */
    unsigned unrouted; /* addresses without a route, such as IPv6 */
    unsigned failure_count;
    struct sdr_error failures[ADDRESSES_MAX];
};

static void
try_address(struct sites_check *state, const struct mx_host *host,
            unsigned index)
{
    struct smtp_host to;
    struct smtp *smtp = NULL;
    struct sdr_error error = {""};
    char text[64];

    if (!network_host(&state->check->network, host, index, state->port, &to)) {
        state->unrouted++;
        return;
    }
    if (smtp_connect(&smtp, &to, &error) != SDR_OK) {
        sdr_error_prefix(&error, "%s", host->name);
        state->failures[state->failure_count++] = error;
        return;
    }
    address_text(&to.address, text, sizeof text);
    report_heading("site %s, %s, %s [%s]:%u", state->site->name, state->name,
                   host->name, text, (unsigned)state->port);
    state->reached++;
    probe_host(&state->probe, &smtp, &to);
    smtp_close(&smtp);
}

/* ---- a site in a domain ---- */

/* Report that no host of the site can be tried. */
static void
report_no_hosts(struct sites_check *state)
{
    bool silent = state->mx.status == DNS_NO_ANSWER;
    const char *advice = "see sdrctl check dns";

    for (unsigned i = 0; i < state->mx.usable; i++)
        silent |= state->mx.hosts[i].status == DNS_NO_ANSWER;
    if (state->unrouted > 0)
        report_finding(&state->probe.worst, CHECK_UNREACHABLE, "connection",
                       "give this host an address of that family",
                       "no route from this host to any of the %u addresses",
                       state->unrouted);
    else if (silent)
        report_finding(&state->probe.worst, CHECK_UNREACHABLE, "MX", advice,
                       "no name server knows now where mail for %s goes",
                       state->name);
    else if (state->mx.count > 0 && state->mx.usable == 0)
        report_finding(&state->probe.worst, CHECK_WRONG, "MX", advice,
                       "mail for %s is routed to this host", state->name);
    else
        report_finding(&state->probe.worst, CHECK_WRONG, "MX", advice,
                       "mail for %s has no usable host", state->name);
}

static void
report_failures(struct sites_check *state)
{
    /* If other hosts were reached, they accept the mail. */
    enum check_result finding =
        state->reached > 0 ? CHECK_DOUBTFUL : CHECK_UNREACHABLE;

    for (unsigned i = 0; i < state->failure_count; i++)
        report_finding(
            &state->probe.worst, finding, "connection",
            "check that the host is up and no firewall blocks this host", "%s",
            state->failures[i].text);
}

static void
try_hosts(struct sites_check *state)
{
    unsigned tried = 0;

    if (state->probe.known[0] == '\0')
        report_finding(
            &state->probe.worst, CHECK_DOUBTFUL, "verify-address",
            "add a verify-address to the site, an existing mailbox there",
            "none for %s: not tested whether the site accepts mail",
            state->name);
    for (unsigned i = 0; i < state->mx.usable; i++) {
        const struct mx_host *host = &state->mx.hosts[i];

        for (unsigned j = 0; j < host->addresses.count && tried < ADDRESSES_MAX;
             j++) {
            try_address(state, host, j);
            tried++;
        }
    }
    if (state->reached + state->failure_count == 0) {
        report_no_hosts(state);
    } else if (state->failure_count > 0) {
        report_heading("site %s, %s", state->site->name, state->name);
        report_failures(state);
    }
}

const char *
find_verify_address(const struct sdr_config *config,
                    const struct sdr_site *site, unsigned split)
{
    const struct sdr_list *list = &site->verify_addresses;

    for (unsigned i = 0; i < list->count; i++) {
        struct sdr_address address;
        const struct sdr_name *name = NULL;

        if (sdr_address_parse_path(&address, list->items[i]) == SDR_OK)
            name = sdr_config_name(config, address.domain);
        if (name != NULL && name->split == split)
            return list->items[i];
    }
    return NULL;
}

/* Set the known recipient: the verify-address in this split domain, if any,
 * with DOMAIN as its domain. */
static void
set_known(struct sites_check *state, unsigned split, const char *domain)
{
    const char *known =
        find_verify_address(state->check->config, state->site, split);
    struct sdr_address address;

    if (known != NULL && sdr_address_parse_path(&address, known) == SDR_OK)
        snprintf(state->probe.known, sizeof state->probe.known, "%s@%s",
                 address.local, domain);
}

static enum check_result
check_domain(const struct check *check, const struct sdr_site *site,
             unsigned split)
{
    struct sites_check state = {.check = check, .site = site};
    const struct sdr_domain *domain = &check->config->domains[split];

    state.name = site->delivery == SDR_REWRITE
                     ? domain->routing[site - check->config->sites]
                     : domain->ascii;
    set_known(&state, split, state.name);
    smtp_invent(state.probe.unknown, sizeof state.probe.unknown, state.name);
    report_heading("site %s, %s", site->name, state.name);
    network_find(&check->network, site, state.name, &state.mx, &state.port);
    try_hosts(&state);
    return state.probe.worst;
}

/* Report that this site was named, but that only other sites are checked. */
static void
report_this_site(const struct sdr_config *config)
{
    enum check_result worst = CHECK_OK;

    report_heading("site %s", config->sites[config->this_site].name);
    report_finding(&worst, CHECK_OK, "site", NULL,
                   "this site: only other sites are checked");
}

enum check_result
check_sites(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum check_result worst = CHECK_OK;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (!is_chosen(&check->chosen, config->sites[i].name))
            continue;
        if (i == config->this_site) {
            if (check->chosen.count > 0)
                report_this_site(config);
            continue;
        }
        for (unsigned j = 0; j < config->domain_count; j++) {
            if (config->domains[j].canonical == j)
                worsen(&worst, check_domain(check, &config->sites[i], j));
        }
    }
    return worst;
}
