/* dns_check.h - the steps of sdrctl check dns
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each step reports what it finds and sets the worst finding.
 */
#ifndef SDRCTL_DNS_CHECK_H
#define SDRCTL_DNS_CHECK_H

#include "check/check.h"

/* The domain being checked. */
struct dns_check {
    const struct check *check;
    const char *domain;
    struct mx mx;
    /* of a finding that stops mail; DOUBTFUL if this domain is not essential */
    enum check_result severity;
    enum check_result worst;
};

/* How long other systems keep its MX records. */
void
dns_check_ttl(struct dns_check *state);

/* SPF and DMARC: what the domain says of mail from it. */
void
dns_check_sender_policies(struct dns_check *state);

/* Whether the MTA-STS policy of the split domain with this index permits its MX
 * hosts, and those of other sites, where the MX may be switched to. */
void
dns_check_mta_sts(struct dns_check *state, unsigned split);

/* Whether its hosts have TLSA records (DANE). */
void
dns_check_tlsa(struct dns_check *state);

/* Add the addresses from which this host sends to these hosts. */
void
dns_check_add_sources(const struct mx *mx, struct local_addresses *sources);

/* The names of these addresses of this host. */
void
dns_check_names(const struct check *check,
                const struct local_addresses *sources,
                enum check_result *worst);

#endif
