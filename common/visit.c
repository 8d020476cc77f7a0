/* visit.c - see visit.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "visit.h"

#include <stdarg.h>
#include <stdio.h>

#include "clock.h"

void
sdr_visit_tell(struct sdr_visit *visit, enum sdr_finding finding,
               const char *subject, const char *advice, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (finding > visit->worst)
        visit->worst = finding;
    visit->survey->tell(visit->survey->arg, finding, subject, text, advice);
}

int64_t
sdr_visit_deadline(const struct sdr_visit *visit)
{
    return sdr_clock() + (int64_t)visit->directory->timeout * 1000;
}

static void
on_entry(void *arg, const char *dn)
{
    struct sdr_visit *visit = arg;

    visit->entries++;
    snprintf(visit->dn, sizeof visit->dn, "%s", dn);
}

enum sdr_status
sdr_visit_search(struct sdr_visit *visit, const char *base, const char *filter,
                 const char *const *attributes,
                 void (*value)(void *, const char *, const char *, size_t),
                 struct sdr_error *error)
{
    struct sdr_search s = {.base = base,
                           .filter = filter,
                           .attributes = attributes,
                           .size_limit = 1,
                           .entry = on_entry,
                           .value = value,
                           .arg = visit};
    bool broken;

    visit->entries = 0;
    return sdr_connection_search(visit->connection, &s,
                                 sdr_visit_deadline(visit), &broken, error);
}
