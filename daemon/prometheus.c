/* prometheus.c - see prometheus.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

void
metrics_begin(FILE *page, const char *name, const char *type, const char *help)
{
    fprintf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_escaped(FILE *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", page);
        else if (*text == '"' || *text == '\\')
            fprintf(page, "\\%c", *text);
        else
            putc(*text, page);
    }
}

/* Write LABELS with each %s replaced by the next argument, quoted. */
static void
write_labels(FILE *page, const char *labels, va_list args)
{
    putc('{', page);
    for (const char *s = labels; *s != '\0'; s++) {
        if (s[0] == '%' && s[1] == 's') {
            putc('"', page);
            write_escaped(page, va_arg(args, const char *));
            putc('"', page);
            s++;
        } else {
            putc(*s, page);
        }
    }
    putc('}', page);
}

void
metrics_value(FILE *page, const char *name, double value, const char *labels,
              ...)
{
    va_list args;

    fputs(name, page);
    if (labels[0] != '\0') {
        va_start(args, labels);
        write_labels(page, labels, args);
        va_end(args);
    }
    fprintf(page, " %.15g\n", value);
}

/* Write the file, readable by everyone: the collector may run as any user. */
static bool
write_file(const char *path, const char *text, size_t len)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool ok;

    if (fd < 0)
        return false;
    ok = fchmod(fd, 0644) == 0 && write(fd, text, len) == (ssize_t)len;
    return close(fd) == 0 && ok;
}

/* Replace the file by rename(2): a collector must never see half of it. */
static bool
replace(const char *path, const char *text, size_t len)
{
    char *other = NULL;
    int error = ENOMEM;
    bool ok = false;

    if (asprintf(&other, "%s.new", path) >= 0) {
        ok = write_file(other, text, len) && rename(other, path) == 0;
        error = errno;
        if (!ok)
            unlink(other);
        free(other);
    }
    errno = error;
    return ok;
}

void
metrics_write(const char *path, void (*fill)(FILE *page, void *arg), void *arg)
{
    static bool failed;
    char *text = NULL;
    size_t len = 0;
    FILE *page = open_memstream(&text, &len);
    bool ok = page != NULL;

    if (ok) {
        fill(page, arg);
        ok = fclose(page) == 0 && replace(path, text, len);
    }
    if (!ok && !failed)
        say(LOG_ERR, "%s: cannot be written: %s", path, strerror(errno));
    failed = !ok;
    free(text);
}
