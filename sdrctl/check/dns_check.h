/* dns_check.h - the steps of sdrctl check dns
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each step reports its findings and updates the worst result.
 */
#ifndef SDRCTL_DNS_CHECK_H
#define SDRCTL_DNS_CHECK_H

#include "check/check.h"

/* The domain being checked. */
struct dns_check {
    const struct check *check;
    const char *domain;
    struct mx mx;
    /* of findings that stop mail; DOUBTFUL if the domain is not essential */
    enum check_result severity;
    enum check_result worst;
};

/* Check the TTL of the MX records. */
void
dns_check_ttl(struct dns_check *state);

/* Check the SPF and DMARC records of the domain. */
void
dns_check_sender_policies(struct dns_check *state);

/* Check whether the MTA-STS policy of the split domain with this index permits
 * its MX hosts. Also checks the MX hosts of the other sites, because the MX may
 * be switched to one of them. */
void
dns_check_mta_sts(struct dns_check *state, unsigned split);

/* Check the TLSA records of the MX hosts (DANE). */
void
dns_check_tlsa(struct dns_check *state);

/* Add the local addresses from which this host connects to these MX hosts. */
void
dns_check_add_sources(const struct mx *mx, struct local_addresses *sources);

/* Check the PTR records of those addresses that are public. */
void
dns_check_names(const struct check *check,
                const struct local_addresses *sources,
                enum check_result *worst);

#endif
