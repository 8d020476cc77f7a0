/* fingerprint.h - a digest of what the copy of a directory depends on
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_FINGERPRINT_H
#define SDR_FINGERPRINT_H

#include <stdbool.h>

#include "config/config.h"
#include "replica/record.h"
#include "status.h"

/* Two configurations with the same digest for the directory with this index
 * make the same copy of it: sites and what means them, split domains, and what
 * is read from where. Where its servers are, and how they are asked, does not
 * count. False without memory. */
bool SDR_MUST_USE
sdr_fingerprint(const struct sdr_config *config, unsigned directory,
                unsigned char digest[SDR_RECORD_FINGERPRINT]);

#endif
