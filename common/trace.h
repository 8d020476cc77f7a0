/* trace.h - lines of text that explain each step
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library prints nothing. Lines that belong to no result (the steps of a
 * decision, the errors of a configuration) are passed one by one to a function
 * of the caller. It runs in the thread that called the library and must not
 * call the library. TEXT is borrowed during the call; it has no line feed and
 * is safe for a terminal and a log (see log.h).
 */
#ifndef SDR_TRACE_H
#define SDR_TRACE_H

#include "status.h"

struct sdr_trace {
    void (*line)(void *arg, const char *text);
    void *arg;
};

/* Format a line, escape it with sdr_log_clean(), and pass it to the caller's
 * function. Truncated if it is too long. Does nothing if TRACE is NULL. */
SDR_PRINTF(2, 3)
void
sdr_trace(const struct sdr_trace *trace, const char *format, ...);

#endif
