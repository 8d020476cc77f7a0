/* say.c - see say.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void
say(int priority, const char *format, ...)
{
    va_list args;

    flockfile(stderr);
    if (!isatty(STDERR_FILENO))
        fprintf(stderr, "<%d>", priority);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void
say_line(void *arg, const char *text)
{
    say(*(const int *)arg, "%s", text);
}
