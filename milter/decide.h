/* decide.h - one decision, for the milter or for a lookup table, counted
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread.
 */
#ifndef SDR_MILTER_DECIDE_H
#define SDR_MILTER_DECIDE_H

#include <stdbool.h>
#include <stdio.h>

#include "sdr.h"

enum decide_for { DECIDE_MILTER, DECIDE_MAP };

/* As sdr_decide(), with each step in the log if VERBOSE. */
void
decide_about(enum decide_for whom, struct sdr *sdr, const char *recipient,
             bool verbose, struct sdr_verdict *verdict);

/* A message was refused because it circles. */
void
decide_count_loop(void);

/* Write what has been counted since the program began, and what SDR's directory
 * servers are like, see metrics.h. */
void
decide_metrics(FILE *page, struct sdr *sdr);

#endif
