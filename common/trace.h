/* trace.h - lines of text for whoever wants to see each step
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library prints nothing. What it has to tell besides its answer (the steps
 * of a decision, the mistakes of a configuration) goes line by line to a
 * function of the caller's. The function runs in the thread that called the
 * library and must not call back into it.
 */
#ifndef SDR_TRACE_H
#define SDR_TRACE_H

#include "status.h"

struct sdr_trace {
    void (*line)(void *arg, const char *text);
    void *arg;
};

/* Format a line, make it safe for a terminal and a log (sdr_log_clean()), and
 * hand it on. A NULL trace is ignored, at the cost of a comparison. */
SDR_PRINTF(2, 3)
void
sdr_trace(const struct sdr_trace *trace, const char *format, ...);

#endif
