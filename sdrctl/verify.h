/* verify.h - would a site take the mail of those who are to move there?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Its hosts are asked over SMTP, up to the recipients; no message is ever sent.
 * One conversation serves for many; whatever the hosts do, it ends.
 */
#ifndef SDRCTL_VERIFY_H
#define SDRCTL_VERIFY_H

#include "network.h"
#include "person.h"
#include "plan.h"

enum verified { VERIFY_UNASKED, VERIFY_TAKEN, VERIFY_REFUSED, VERIFY_PUT_OFF };

struct verification {
    struct verify_item {
        const struct person *person; /* borrowed */
        char *target; /* what he would be written as once he has moved */
        enum verified result;
        char *reply; /* the site's; NULL without memory */
    } * items;
    size_t count, room;
};

/* Add a person who is to move by the plan, to be asked for later. SDR_OK;
 * SDR_INVALID with the reason: his mail would not go to the site even then;
 * SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
verification_add(struct verification *verification, const struct plan *plan,
                 const struct person *person, struct sdr_error *error);

/* Ask the site for all of them. CATCH_ALL is called with each domain in which
 * it takes anybody. SDR_OK: each of them has a result; SDR_TEMPFAIL with the
 * reason: some may have none. */
enum sdr_status SDR_MUST_USE
verify_all(struct verification *verification, const struct sdr_site *site,
           struct network *network, void (*catch_all)(void *, const char *),
           void *arg, struct sdr_error *error);

void
verification_clear(struct verification *verification);

#endif
