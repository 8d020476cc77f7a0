/* say.c - see say.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "say.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"

/* Longer than any line that is logged. */
enum { LINE_MAX_OCTETS = 8192 };

/* The interval between two equal messages. */
enum { SAME_MS = 60 * 1000 };

static bool for_journal;    /* stderr is systemd's journal */
static const char *program; /* NULL: no name */

void
say_as(const char *name)
{
    program = name;
}

/* Find out whether stderr is the journal. systemd names the journal's stream in
 * the environment; a program whose output was redirected inherits it too, so
 * they are compared. */
static void
look_who_reads(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    for_journal = stream != NULL
                  && sscanf(stream, "%llu:%llu", &device, &inode) == 2
                  && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device
                  && st.st_ino == inode;
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
    if (for_journal)
        len = (size_t)snprintf(line, sizeof line, "<%d>", priority);
    else if (program != NULL)
        len = (size_t)snprintf(line, sizeof line, "%s: ", program);
    va_start(args, format);
    added = vsnprintf(line + len, sizeof line - len - 1, format, args);
    va_end(args);
    if (added > 0)
        len += (size_t)added;
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    line[len++] = '\n';
    /* A failure cannot be reported anywhere. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}

void
say_line(void *arg, const char *text)
{
    say(*(const int *)arg, "%s", text);
}

bool
say_is_due(int64_t *said)
{
    int64_t now = sdr_clock();

    if (*said != 0 && now - *said < SAME_MS)
        return false;
    *said = now;
    return true;
}
