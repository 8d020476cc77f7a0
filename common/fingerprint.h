/* fingerprint.h - what of the configuration the replica depends on
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_FINGERPRINT_H
#define SDR_FINGERPRINT_H

#include "config.h"

/* A text that is the same for two configurations under which the same directory
 * makes the same replica: sites and what means them, split domains, and what is
 * read from where. The caller frees it; NULL without memory. */
char *
sdr_fingerprint(const struct sdr_config *config) SDR_MUST_USE;

#endif
