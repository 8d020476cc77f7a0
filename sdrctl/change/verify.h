/* verify.h - check that a site accepts recipients before they move there
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_VERIFY_H
#define SDRCTL_VERIFY_H

#include "change/entry.h"
#include "change/change_plan.h"
#include "net/recipients.h"

struct verification {
    struct recipients recipients;  /* as written after the move */
    const struct person **persons; /* of each, borrowed */
    size_t count, room;
};

/* Add an entry to be moved by the plan. SDR_OK; SDR_INVALID with the reason:
 * its mail would not go to the site even after the move; SDR_TEMPFAIL without
 * memory. */
enum sdr_status SDR_MUST_USE
verification_add(struct verification *verification,
                 const struct change_plan *plan, const struct person *person,
                 struct sdr_error *error);

/* Verify all of them at the site. CATCH_ALL is called with each domain in which
 * the site accepts any recipient. Results as of recipients_check(). */
enum sdr_status SDR_MUST_USE
verify_all(struct verification *verification, const struct sdr_site *site,
           const struct network *network,
           void (*catch_all)(void *, const char *), void *arg,
           struct sdr_error *error);

void
verification_clear(struct verification *verification);

#endif
