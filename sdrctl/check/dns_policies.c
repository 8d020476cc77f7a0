/* dns_policies.c - sdrctl check dns: TTL, SPF, DMARC
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * SPF records are not evaluated. The check only verifies that there is one, and
 * that receivers do not ignore it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check/dns_check.h"

/* Long enough for caching, short enough for a switch of the MX. */
enum { TTL_MAX = 3600 };

void
dns_check_ttl(struct dns_check *state)
{
    if (state->mx.kind != MX_NAMED)
        return;
    if (state->mx.ttl <= TTL_MAX)
        report_finding(&state->worst, CHECK_OK, "TTL", NULL,
                       "the MX records of %s are cached for up to %u s",
                       state->domain, state->mx.ttl);
    else
        report_finding(
            &state->worst, CHECK_DOUBTFUL, "TTL",
            "before you switch the MX, lower the TTL to an hour or less, and "
            "wait until the old TTL has passed",
            "the MX records of %s are cached for up to %u s: after a switch, "
            "mail still arrives at the old hosts for that long",
            state->domain, state->mx.ttl);
}

/* Query the TXT records that begin with START. Returns false, after a finding,
 * if the name server does not answer. */
static bool
query_texts(struct dns_check *state, const char *subject, const char *name,
            const char *start, struct dns_answer *answer)
{
    dns_query_text(state->check->network.dns, name, start, answer);
    if (answer->status != DNS_NO_ANSWER)
        return true;
    report_finding(&state->worst, CHECK_DOUBTFUL, subject,
                   "try again later, or check the name servers", "%s: %s", name,
                   answer->reason);
    return false;
}

/* True for "v=spf1" followed by a blank or the end (RFC 7208, 4.5). */
static bool
is_spf(const char *text)
{
    size_t len = strcspn(text, " ");

    return len == strlen("v=spf1") && strncasecmp(text, "v=spf1", len) == 0;
}

static void
check_spf(struct dns_check *state)
{
    struct dns_answer answer;

    if (!query_texts(state, "SPF", state->domain, "v=spf", &answer))
        return;
    if (answer.text_count > 1)
        report_finding(&state->worst, CHECK_DOUBTFUL, "SPF",
                       "make one record of them",
                       "%s has %u SPF records: receivers then treat SPF as "
                       "broken and may refuse mail from the domain (RFC 7208, "
                       "4.5)",
                       state->domain, answer.text_count);
    else if (answer.text_count == 0)
        report_finding(&state->worst, CHECK_DOUBTFUL, "SPF",
                       "publish a TXT record \"v=spf1 ...\" that covers the "
                       "hosts of all sites that send mail",
                       "%s has no SPF record: receivers may reject mail from "
                       "the domain, or treat it as spam",
                       state->domain);
    else if (!is_spf(answer.texts[0]))
        report_finding(&state->worst, CHECK_DOUBTFUL, "SPF",
                       "begin the record with v=spf1 and a blank",
                       "the record of %s is ignored: %s", state->domain,
                       answer.texts[0]);
    else
        report_finding(&state->worst, CHECK_OK, "SPF", NULL, "%s",
                       answer.texts[0]);
}

/* True if the DMARC record has a valid tag "p" (RFC 7489, 6.3). */
static bool
has_policy(const char *text)
{
    static const char *const policies[] = {"none", "quarantine", "reject"};

    while ((text = strchr(text, ';')) != NULL) {
        text += 1 + strspn(text + 1, " \t");
        if (strncasecmp(text, "p", 1) != 0)
            continue;
        text += 1 + strspn(text + 1, " \t");
        if (*text != '=')
            continue;
        text += 1 + strspn(text + 1, " \t");
        for (unsigned i = 0; i < sizeof policies / sizeof policies[0]; i++) {
            if (strcspn(text, "; \t") == strlen(policies[i])
                && strncasecmp(text, policies[i], strlen(policies[i])) == 0)
                return true;
        }
    }
    return false;
}

static void
check_dmarc(struct dns_check *state)
{
    char name[DNS_NAME_SIZE + sizeof "_dmarc."];
    struct dns_answer answer;

    snprintf(name, sizeof name, "_dmarc.%s", state->domain);
    if (!query_texts(state, "DMARC", name, "v=DMARC1", &answer))
        return;
    if (answer.text_count > 1)
        report_finding(&state->worst, CHECK_DOUBTFUL, "DMARC",
                       "keep one of them",
                       "%s has %u DMARC records: receivers then use none of "
                       "them (RFC 7489, 6.6.3)",
                       name, answer.text_count);
    else if (answer.text_count == 0)
        report_finding(
            &state->worst, CHECK_DOUBTFUL, "DMARC",
            "publish a TXT record there, at first \"v=DMARC1; p=none\"; ignore "
            "this if a domain above has one",
            "%s has no DMARC record: large providers reject mail from a domain "
            "without one if it sends much mail",
            name);
    else if (!has_policy(answer.texts[0]))
        report_finding(&state->worst, CHECK_DOUBTFUL, "DMARC",
                       "add p=none, p=quarantine or p=reject",
                       "the record of %s has no policy, and receivers ignore "
                       "it: %s",
                       name, answer.texts[0]);
    else
        report_finding(&state->worst, CHECK_OK, "DMARC", NULL, "%s",
                       answer.texts[0]);
}

void
dns_check_sender_policies(struct dns_check *state)
{
    check_spf(state);
    check_dmarc(state);
}
