/* prometheus.h - metrics for Prometheus
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The text format (version 0.0.4), in a file for the textfile collector of
 * node_exporter. Names, units and types are those of its conventions.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "status.h"

/* How often a page is written (seconds). */
enum { METRICS_INTERVAL_S = 15 };

/* Begin a metric: TYPE is counter, gauge or histogram, HELP a sentence. */
void
metrics_begin(FILE *page, const char *name, const char *type, const char *help);

/* Write a value of the metric. LABELS is "verdict=%s,source=%s" or ""; the
 * values follow as strings, and are escaped. */
void
metrics_value(FILE *page, const char *name, double value, const char *labels,
              ...);

/* Replace the file at PATH atomically by what FILL writes. Logs the first of
 * consecutive failures. One thread. */
void
metrics_write(const char *path, void (*fill)(FILE *page, void *arg), void *arg);

#endif
