/* trace.c - see trace.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

enum { LINE_MAX_OCTETS = 4096 };

static void
hand_on(const struct sdr_trace *trace, const char *format, va_list args)
{
    char raw[LINE_MAX_OCTETS];
    char clean[LINE_MAX_OCTETS * 4];

    vsnprintf(raw, sizeof raw, format, args);
    sdr_log_clean(clean, sizeof clean, raw, strlen(raw), "");
    trace->line(trace->arg, clean);
}

void
sdr_trace(const struct sdr_trace *trace, const char *format, ...)
{
    va_list args;

    if (trace == NULL)
        return;
    va_start(args, format);
    hand_on(trace, format, args);
    va_end(args);
}
