/* numbers.h - how the copies are, for Prometheus
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_NUMBERS_H
#define SYNC_NUMBERS_H

#include "config.h"
#include "store.h"

/* Write the configuration's metrics-file, if it names one. */
void
numbers_write(struct store *store, const struct sdr_config *config);

#endif
