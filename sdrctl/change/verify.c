/* verify.c - see verify.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/verify.h"

#include <stdlib.h>

#include "array.h"
#include "site_recipient.h"

enum sdr_status
verification_add(struct verification *verification,
                 const struct change_plan *plan, const struct person *person,
                 struct sdr_error *error)
{
    char recipient[SDR_ADDRESS_MAX + 1];
    enum sdr_status status =
        site_recipient(plan->config, person->address, &person->facts, plan->to,
                       recipient, error);

    if (status != SDR_OK)
        return status;
    if (sdr_array_append(&verification->persons, &verification->count,
                         &verification->room, &person, sizeof person)) {
        if (recipients_add(&verification->recipients, recipient))
            return SDR_OK;
        verification->count--;
    }
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

void
verification_clear(struct verification *verification)
{
    recipients_clear(&verification->recipients);
    free(verification->persons);
    *verification = (struct verification){.persons = NULL};
}

enum sdr_status
verify_all(struct verification *verification, const struct sdr_site *site,
           const struct network *network,
           void (*catch_all)(void *, const char *), void *arg,
           struct sdr_error *error)
{
    const struct recipient_check check = {
        .network = network, .site = site, .each = 1};
    struct recipients *recipients = &verification->recipients;
    enum sdr_status status = recipients_check(&check, recipients, error);

    for (size_t i = 0; i < recipients->probe_count; i++) {
        if (recipients->probes[i].result == RECIPIENT_ACCEPTED)
            catch_all(arg, recipient_domain(&recipients->probes[i]));
    }
    return status;
}
