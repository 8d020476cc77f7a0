/* metrics.h - counters for decisions of the milter and the tables
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

/* Call sdr_decide() and count its verdict; log each step if VERBOSE. Returns
 * the verdict, which the caller frees with free(); NULL without memory. It is
 * not on the stack, since a session has a thread, most of which wait. */
struct sdr_verdict *
decision_make(enum decision_for whom, struct sdr *sdr, const char *recipient,
              bool verbose);

/* Count a message that was refused because of a routing loop. */
void
decision_count_loop(void);

/* Write the counters since the start of the program, and the state of SDR's
 * directory servers, see prometheus.h. */
void
milter_metrics_write(FILE *page, struct sdr *sdr);

#endif
