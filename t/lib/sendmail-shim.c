/* sendmail-shim.c - for LD_PRELOAD: the host name and the log of Sendmail
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * If the host name has no dot, Sendmail sleeps for a minute before it starts.
 * The log goes to a file. Both are compiled in, since Sendmail clears its
 * environment: -DHOST_NAME='"..."' -DLOG_FILE='"..."'.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

int
gethostname(char *name, size_t size)
{
    snprintf(name, size, "%s", HOST_NAME);
    return 0;
}

static void
log_line(const char *format, va_list args)
{
    char line[4096];
    int used = snprintf(line, sizeof line, "[%d] ", (int)getpid());
    int fd = open(LOG_FILE, O_WRONLY | O_APPEND);

    vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    if (fd < 0)
        return;
    dprintf(fd, "%s\n", line);
    close(fd);
}

void
vsyslog(int priority, const char *format, va_list args)
{
    (void)priority;
    log_line(format, args);
}

void
syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}

/* A program built with _FORTIFY_SOURCE calls these instead. */
void
__vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
    (void)flag;
    vsyslog(priority, format, args);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}
