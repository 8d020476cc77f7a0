/* postfix_verify.c - sdrctl check mta: does Postfix verify recipients?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <string.h>

static const char verify[] = "reject_unverified_recipient";
static const char recipients[] = "smtpd_recipient_restrictions";

/* True if these restrictions, or an access table in them, verify recipients in
 * the domain. */
static bool
has_verification(struct postfix *p, const char *list, const char *domain)
{
    char word[VALUE_SIZE], value[VALUE_SIZE];

    while (next_word(&list, word, sizeof word)) {
        if (strcmp(word, verify) == 0)
            return true;
        if (strcmp(word, "check_recipient_access") == 0
            && next_word(&list, word, sizeof word)
            && query(p, recipients, word, domain, false, value) == YES
            && has_word(value, verify))
            return true;
    }
    return false;
}

static bool
is_verified(struct postfix *p, const char *domain)
{
    static const char *const parameters[] = {recipients,
                                             "smtpd_relay_restrictions"};

    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;) {
        for (unsigned i = 0; i < 2; i++) {
            if (has_verification(p, get(p, s, parameters[i]), domain))
                return true;
        }
    }
    return false;
}

void
look_at_verification(struct postfix *p)
{
    const struct sdr_config *config = p->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (sends_unknown(p->mta, i)
            && !is_verified(p, config->domains[i].ascii))
            report_unverified(
                p->mta, verify,
                "add it to smtpd_recipient_restrictions, with the lookup "
                "tables, see chapter 3, Unknown recipients are verified",
                i);
    }
}
