/* fingerprint.h - a digest of the configuration that a copy depends on
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_FINGERPRINT_H
#define SDR_FINGERPRINT_H

#include <stdbool.h>

#include "config/config.h"
#include "replica/record.h"
#include "status.h"

/* Compute the digest for the directory with index DIRECTORY. Two configurations
 * with the same digest produce the same copy: it covers sites and their owner
 * values, split domains, and what is read from the directory. It does not cover
 * the servers and how they are accessed. Returns false without memory. */
bool SDR_MUST_USE
sdr_fingerprint(const struct sdr_config *config, unsigned directory,
                unsigned char digest[SDR_RECORD_FINGERPRINT]);

#endif
