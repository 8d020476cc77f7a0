/* status.c - see status.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct {
    const char *name;
    int exit_code;
} statuses[] = {
    [SDR_OK] = {"ok", EX_OK},
    [SDR_NOTFOUND] = {"none", EX_NOUSER},
    [SDR_TEMPFAIL] = {"not-now", EX_TEMPFAIL},
    [SDR_INVALID] = {"invalid", EX_DATAERR},
    [SDR_CONFIG] = {"misconfigured", EX_CONFIG},
};

const char *
sdr_status_name(enum sdr_status status)
{
    return statuses[status].name;
}

int
sdr_status_exit(enum sdr_status status)
{
    return statuses[status].exit_code;
}

void
sdr_error_set(struct sdr_error *error, const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
}

void
sdr_error_prefix(struct sdr_error *error, const char *format, ...)
{
    char old[sizeof error->text];
    va_list args;
    size_t used;

    if (error == NULL)
        return;
    memcpy(old, error->text, sizeof old);
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", old);
}
