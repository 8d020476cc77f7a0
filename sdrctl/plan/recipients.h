/* recipients.h - the recipients of a plan's waves
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PLAN_RECIPIENTS_H
#define SDRCTL_PLAN_RECIPIENTS_H

#include "plan/plan.h"

/* Read the files of recipients, and set the counts and fingerprints of the
 * waves. Prints all errors. Returns false if a file is wrong, or if an address
 * is in two waves. */
bool
plan_read_recipients(struct plan *plan);

/* Read the recipients of the wave again. Prints an error and returns false if
 * they have changed. */
bool
wave_is_same(const struct wave *wave);

#endif
