/* say.c - see say.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "say.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Longer than any line that we make. */
enum { LINE_MAX_OCTETS = 8192 };

static bool for_person; /* rather than for a journal */

static void
look_who_reads(void)
{
    for_person = isatty(STDERR_FILENO) != 0;
}

void
say(int priority, const char *format, ...)
{
    static pthread_once_t looked = PTHREAD_ONCE_INIT;
    char line[LINE_MAX_OCTETS];
    size_t len = 0;
    va_list args;
    int added;

    pthread_once(&looked, look_who_reads);
    if (!for_person)
        len = (size_t)snprintf(line, sizeof line, "<%d>", priority);
    va_start(args, format);
    added = vsnprintf(line + len, sizeof line - len - 1, format, args);
    va_end(args);
    if (added > 0)
        len += (size_t)added;
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    line[len++] = '\n';
    /* Nobody is left to hear that it failed. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

void
say_line(void *arg, const char *text)
{
    say(*(const int *)arg, "%s", text);
}
