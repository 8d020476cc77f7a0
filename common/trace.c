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

void
sdr_trace(const struct sdr_trace *trace, const char *format, ...)
{
    char raw[LINE_MAX_OCTETS];
    char clean[LINE_MAX_OCTETS * 4];
    va_list args;

    if (trace == NULL)
        return;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    sdr_log_clean(clean, sizeof clean, raw, strlen(raw), "");
    trace->line(trace->arg, clean);
}
