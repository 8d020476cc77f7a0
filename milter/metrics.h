/* metrics.h - decisions of the milter and of the tables, counted
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread.
 */
#ifndef SDR_MILTER_METRICS_H
#define SDR_MILTER_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "decision/sdr.h"

enum decision_for { DECISION_MILTER, DECISION_MAP };

/* As sdr_decide(), with each step in the log if VERBOSE. */
void
decision_make(enum decision_for whom, struct sdr *sdr, const char *recipient,
              bool verbose, struct sdr_verdict *verdict);

/* A message was refused because it circles. */
void
decision_count_loop(void);

/* Write what has been counted since the program began, and what SDR's directory
 * servers are like, see prometheus.h. */
void
milter_metrics_write(FILE *page, struct sdr *sdr);

#endif
