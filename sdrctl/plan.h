/* plan.h - what has to be changed in an entry, and whether it may be
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions: from a person as he stands and what is wanted to a change, or
 * to a sentence that says why not.
 */
#ifndef SDRCTL_PLAN_H
#define SDRCTL_PLAN_H

#include <stdbool.h>

#include "change.h"
#include "config.h"
#include "person.h"
#include "status.h"

enum plan_kind { PLAN_MOVE, PLAN_ADD, PLAN_HOLD, PLAN_RELEASE };

struct plan {
    const struct sdr_config *config;
    enum plan_kind kind;
    unsigned to; /* site, of MOVE and ADD */
    bool has_from;
    unsigned from;    /* site */
    bool needs_class; /* entries need the class sdrRecipient: not in Active
                         Directory */
};

/* Make the change. SDR_OK; SDR_NOTFOUND, with the words: he is like that
 * already; SDR_INVALID, with the reason: he cannot be changed so; SDR_TEMPFAIL
 * without memory. The caller clears the change in any case. */
enum sdr_status SDR_MUST_USE
plan_change(const struct plan *plan, const struct person *person,
            struct change *change, struct sdr_error *error);

#endif
