/* change_plan.h - plan the change of an entry
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions: from an entry and what is wanted to a change, or to the
 * reason why it is not possible.
 */
#ifndef SDRCTL_CHANGE_PLAN_H
#define SDRCTL_CHANGE_PLAN_H

#include <stdbool.h>

#include "change/change.h"
#include "config/config.h"
#include "change/entry.h"
#include "status.h"

enum change_kind { CHANGE_MOVE, CHANGE_ADD, CHANGE_HOLD, CHANGE_RELEASE };

struct change_plan {
    const struct sdr_config *config;
    enum change_kind kind;
    unsigned to; /* site, of MOVE and ADD */
    bool has_from;
    unsigned from;    /* site */
    bool needs_class; /* entries need the class sdrRecipient: not in Active
                         Directory */
};

/* Fill the change. SDR_OK; with the reason SDR_NOTFOUND: nothing to change, or
 * SDR_INVALID: it cannot be changed; SDR_TEMPFAIL without memory. The caller
 * clears the change in any case. */
enum sdr_status SDR_MUST_USE
plan_change(const struct change_plan *plan, const struct person *person,
            struct change *change, struct sdr_error *error);

/* False for an attribute that is never written, even if it is configured:
 * Exchange or the server itself maintains it. */
bool
change_may_write(const char *attribute);

#endif
