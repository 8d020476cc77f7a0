/* replica_copy.c - see replica_copy.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica_copy.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static enum copy_quality
judge(const struct copy *copy)
{
    if (copy->state.complete == 0)
        return COPY_INCOMPLETE;
    if (copy->known < 0)
        return COPY_EXPIRED;
    return copy->unknown < 0 ? COPY_STALE : COPY_FRESH;
}

void
copy_read(struct copy *copy, const struct sdr_config *config,
          struct sdr_replica *replica, unsigned directory, time_t now)
{
    struct sdr_error ignored;

    memset(copy, 0, sizeof *copy);
    copy->directory = &config->directories[directory];
    copy->quality = COPY_NONE;
    if (sdr_replica_state(replica, directory, &copy->state, &copy->reason)
        != SDR_OK)
        return;
    if (sdr_replica_status(replica, directory, &copy->status, &ignored)
        != SDR_OK)
        memset(&copy->status, 0, sizeof copy->status);
    copy->age = (int64_t)now - copy->state.contact;
    sdr_replica_left(&config->replica, &copy->state, now, &copy->known,
                     &copy->unknown);
    copy->quality = judge(copy);
}

const char *
copy_quality_name(enum copy_quality quality)
{
    switch (quality) {
    case COPY_FRESH:
        return "up-to-date";
    case COPY_STALE:
        return "stale";
    case COPY_EXPIRED:
        return "expired";
    case COPY_INCOMPLETE:
        return "incomplete";
    case COPY_NONE:
        return "none";
    }
    return "";
}

void
copy_meaning(const struct copy *copy, char *text, size_t size)
{
    const char *otherwise =
        copy->directory->ldif_path == NULL
            ? "looked up in the directory, or deferred if no server answers"
            : "deferred";
    char left[64];

    switch (copy->quality) {
    case COPY_FRESH:
        snprintf(text, size, "all recipients are routed from the replica");
        return;
    case COPY_STALE:
        copy_duration(copy->known, left, sizeof left);
        snprintf(text, size,
                 "known recipients are routed%s%s; unknown ones are %s",
                 copy->known == INT64_MAX ? "" : " for another ",
                 copy->known == INT64_MAX ? "" : left, otherwise);
        return;
    case COPY_EXPIRED:
    case COPY_INCOMPLETE:
    case COPY_NONE:
        snprintf(text, size, "all recipients are %s", otherwise);
        return;
    }
}

/* Write a duration in two units, without the smaller one if it is 0. */
static void
two_units(int64_t seconds, int64_t unit, const char *name, int64_t smaller,
          const char *smaller_name, char *text, size_t size)
{
    int64_t rest = seconds % unit / smaller;
    int n = snprintf(text, size, "%lld %s", (long long)(seconds / unit), name);

    if (rest > 0 && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, " %lld %s", (long long)rest,
                 smaller_name);
}

void
copy_duration(int64_t seconds, char *text, size_t size)
{
    if (seconds < MINUTE)
        snprintf(text, size, "%lld s", (long long)seconds);
    else if (seconds < HOUR)
        snprintf(text, size, "%lld min", (long long)(seconds / MINUTE));
    else if (seconds < DAY)
        two_units(seconds, HOUR, "h", MINUTE, "min", text, size);
    else
        two_units(seconds, DAY, seconds < 2 * DAY ? "day" : "days", HOUR, "h",
                  text, size);
}

const char *
copy_held(const struct sdr_record_state *state)
{
    if ((state->holding & SDR_RECORD_HOLDS_MOVES) == 0)
        return "losses";
    return (state->holding & SDR_RECORD_HOLDS_LOSSES) == 0 ? "moves"
                                                           : "losses and moves";
}
