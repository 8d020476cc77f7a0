/* dns_tlsa.c - sdrctl check dns: TLSA records (DANE for SMTP, RFC 7672)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * DNSSEC is not validated here: the AD bit of the name server is relied on.
 */
#include <stdio.h>

#include "check/dns_check.h"

static void
report_found(struct dns_check *state, const char *host, bool secure)
{
    if (secure && state->mx.secure)
        report_finding(&state->worst, CHECK_OK, "TLSA", NULL,
                       "%s has TLSA records, and the name server says that "
                       "DNSSEC proves them",
                       host);
    else
        report_finding(
            &state->worst, CHECK_DOUBTFUL, "TLSA",
            "ask a name server that validates, with --resolver; sign the zones "
            "if they are not",
            "%s has TLSA records, but the name server does not say that DNSSEC "
            "proves %s: without proof, mail systems ignore them",
            host, secure ? "the MX records" : "them");
}

static void
check_host(struct dns_check *state, const char *host)
{
    char name[DNS_NAME_SIZE + sizeof "_25._tcp."];
    struct dns_answer answer;

    snprintf(name, sizeof name, "_25._tcp.%s", host);
    dns_query_tlsa(state->check->network.dns, name, &answer);
    if (answer.status == DNS_FOUND)
        report_found(state, host, answer.secure);
    else if (answer.status == DNS_NO_ANSWER)
        report_finding(&state->worst, CHECK_DOUBTFUL, "TLSA",
                       "correct the name servers of the host, which must "
                       "answer for names without records, too",
                       "no answer for %s: %s: mail systems that use DANE may "
                       "not deliver to the host",
                       name, answer.reason);
    else
        report_finding(&state->worst, CHECK_OK, "TLSA", NULL,
                       "%s has none: DANE is not used for it", host);
}

void
dns_check_tlsa(struct dns_check *state)
{
    for (unsigned i = 0; i < state->mx.count; i++) {
        if (state->mx.hosts[i].status == DNS_FOUND)
            check_host(state, state->mx.hosts[i].name);
    }
}
