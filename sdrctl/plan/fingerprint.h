/* fingerprint.h - a digest of what must not change once a wave has begun
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_FINGERPRINT_H
#define SDRCTL_FINGERPRINT_H

#include "change/batch.h"
#include "plan/plan.h"

/* Set the fingerprint of the wave with these recipients. Returns false if out
 * of memory. */
bool SDR_MUST_USE
fingerprint_make(struct wave *wave, const struct batch *recipients);

#endif
