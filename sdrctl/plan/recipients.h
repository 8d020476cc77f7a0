/* recipients.h - the recipients of a plan's waves
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_RECIPIENTS_H
#define SDRCTL_PLAN_RECIPIENTS_H

#include "plan/plan.h"

/* Read the files of recipients, and set the fingerprints of the waves. False,
 * with all errors printed, if a file is wrong, or an address is in two waves.
 */
bool
plan_read_recipients(struct plan *plan);

/* Read its recipients again. False, with the error printed, if they are not
 * those of the plan any more. */
bool
wave_is_same(const struct wave *wave);

#endif
