/* dns_names.c - sdrctl check dns: the names of this host's addresses (PTR)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Many mail systems refuse mail from an address that has no PTR record, or
 * whose name does not resolve to the address.
 */
#include "check/dns_check.h"

static void
check_name(const struct check *check, const struct sockaddr_storage *address,
           const char *text, const char *name, enum check_result *worst)
{
    struct local_addresses confirmed = {0};
    struct dns_answer answer;

    dns_query_addresses(check->network.dns, name, &answer);
    for (unsigned i = 0; i < answer.addresses.count; i++)
        local_addresses_keep(&confirmed, &answer.addresses.items[i].address);
    if (local_addresses_has(&confirmed, address))
        report_finding(worst, CHECK_OK, "PTR", NULL, "%s is %s", text, name);
    else if (answer.status == DNS_NO_ANSWER)
        report_finding(worst, CHECK_DOUBTFUL, "PTR",
                       "try again later, or check the name servers", "%s: %s",
                       name, answer.reason);
    else
        report_finding(worst, CHECK_DOUBTFUL, "PTR",
                       "give the name that address, or the address the name of "
                       "this mail server",
                       "%s has the name %s, which does not have that address: "
                       "other mail systems may refuse mail from this host",
                       text, name);
}

static void
check_address(const struct check *check, const struct sockaddr_storage *address,
              enum check_result *worst)
{
    struct dns_answer answer;
    char text[64];

    address_text(address, text, sizeof text);
    dns_query_names(check->network.dns, address, &answer);
    switch (answer.status) {
    case DNS_FOUND:
        for (unsigned i = 0; i < answer.host_count; i++)
            check_name(check, address, text, answer.hosts[i].name, worst);
        break;
    case DNS_NO_NAME:
    case DNS_NO_RECORD:
        report_finding(worst, CHECK_DOUBTFUL, "PTR",
                       "let the provider of the address publish a PTR record "
                       "with the name of this mail server",
                       "%s has no name (PTR): other mail systems may refuse "
                       "mail from this host",
                       text);
        break;
    case DNS_NO_ANSWER:
        report_finding(worst, CHECK_DOUBTFUL, "PTR",
                       "try again later, or check the name servers", "%s: %s",
                       text, answer.reason);
        break;
    }
}

void
dns_check_add_sources(const struct mx *mx, struct local_addresses *sources)
{
    struct sockaddr_storage source;

    for (unsigned i = 0; i < mx->usable; i++) {
        const struct sdr_addresses *to = &mx->hosts[i].addresses;

        for (unsigned j = 0; j < to->count; j++) {
            if (source_address(&to->items[j].address, to->items[j].len,
                               &source))
                local_addresses_keep(sources, &source);
        }
    }
}

void
dns_check_names(const struct check *check,
                const struct local_addresses *sources, enum check_result *worst)
{
    bool found = false;

    for (unsigned i = 0; i < sources->count; i++) {
        if (!is_public(&sources->addresses[i]))
            continue;
        found = true;
        check_address(check, &sources->addresses[i], worst);
    }
    if (!found)
        report_finding(worst, CHECK_OK, "PTR", NULL,
                       "not checked: no public address of this host is known; "
                       "--here names one");
}
