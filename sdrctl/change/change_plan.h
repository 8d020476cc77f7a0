/* change_plan.h - plan the change of one entry
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From an entry and the requested change, make a struct change, or the reason
 * why it is not possible. The functions do no I/O.
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
    unsigned to; /* site; for MOVE and ADD */
    bool has_from;
    unsigned from;    /* site */
    bool needs_class; /* entries need the class sdrRecipient: not in Active
                         Directory */
};

/* Fill the change. Returns SDR_OK; with the reason SDR_NOTFOUND, nothing to
 * change, or SDR_INVALID, the entry cannot be changed; or SDR_TEMPFAIL if out
 * of memory. The caller clears the change in any case. */
enum sdr_status SDR_MUST_USE
plan_change(const struct change_plan *plan, const struct person *person,
            struct change *change, struct sdr_error *error);

/* Returns false for an attribute that Exchange or the server itself maintains.
 * It is never written, even if configured. */
bool
change_may_write(const char *attribute);

#endif
