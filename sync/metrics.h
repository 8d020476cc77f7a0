/* metrics.h - the state of the copies, for Prometheus
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_METRICS_H
#define SYNC_METRICS_H

#include "config/config.h"
#include "store/store.h"

/* Write the configuration's metrics-file, if it names one. */
void
sync_metrics_write(struct store *store, const struct sdr_config *config);

#endif
