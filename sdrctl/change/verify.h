/* verify.h - check that a site accepts recipients before they move there
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The hosts of the site are asked over SMTP, up to the recipients; no message
 * is sent. A session verifies many recipients, and always ends within a time
 * limit.
 */
#ifndef SDRCTL_VERIFY_H
#define SDRCTL_VERIFY_H

#include "net/network.h"
#include "change/entry.h"
#include "change/plan.h"

enum verified {
    VERIFY_UNTRIED,
    VERIFY_ACCEPTED,
    VERIFY_REJECTED,
    VERIFY_DEFERRED
};

struct verification {
    struct verify_item {
        const struct person *person; /* borrowed */
        char *target; /* the recipient as written after the move */
        enum verified result;
        char *reply; /* of the host; NULL without memory */
    } * items;
    size_t count, room;
};

/* Add an entry to be moved by the plan. SDR_OK; SDR_INVALID with the reason:
 * its mail would not go to the site even after the move; SDR_TEMPFAIL without
 * memory. */
enum sdr_status SDR_MUST_USE
verification_add(struct verification *verification, const struct plan *plan,
                 const struct person *person, struct sdr_error *error);

/* Verify all of them at the site. CATCH_ALL is called with each domain in which
 * the site accepts any recipient. SDR_OK: each has a result; SDR_TEMPFAIL with
 * the reason: some may have none. */
enum sdr_status SDR_MUST_USE
verify_all(struct verification *verification, const struct sdr_site *site,
           struct network *network, void (*catch_all)(void *, const char *),
           void *arg, struct sdr_error *error);

void
verification_clear(struct verification *verification);

#endif
