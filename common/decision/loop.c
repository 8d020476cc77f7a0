/* loop.c - see loop.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A looping message is deferred for this long before it is rejected: a replica
 * may lag, or a mailbox may be on the move. */
enum { LOOP_DEFER_SECONDS = 15 * 60, CLOCK_SLACK_SECONDS = 60 };

/* The UNIX time in VALUE, after which white space and a comment may follow; 0
 * if there is none. Overflow gives LLONG_MAX, which counts as a wrong clock. */
static time_t
read_time(const char *value)
{
    char *end;
    long long when;

    value += strspn(value, " \t\r\n");
    if (*value < '0' || *value > '9')
        return 0;
    when = strtoll(value, &end, 10);
    return strspn(end, " \t\r\n") > 0 || *end == '\0' ? (time_t)when : 0;
}

void
sdr_loop_add_mark(const struct sdr_config *config, struct sdr_loop_marks *marks,
                  const char *value)
{
    const char *name = config->sites[config->this_site].name;
    size_t len = strlen(name);

    value += strspn(value, " \t\r\n");
    if (strncasecmp(value, name, len) != 0)
        return;
    value += len + strspn(value + len, " \t\r\n");
    if (*value != ';')
        return;
    if (marks->count < SDR_LOOP_MARKS_MAX)
        marks->times[marks->count] = read_time(value + 1);
    marks->count++;
}

/* The time of the newest mark that is not in the future; 0 if there is none. */
static time_t
find_newest(const struct sdr_loop_marks *marks, time_t now)
{
    time_t newest = 0;

    for (unsigned i = 0; i < marks->count && i < SDR_LOOP_MARKS_MAX; i++) {
        time_t when = marks->times[i];

        if (when > newest && when <= now + CLOCK_SLACK_SECONDS)
            newest = when;
    }
    return newest;
}

void
sdr_loop_format_mark(const struct sdr_config *config, time_t now, char *value,
                     size_t size)
{
    snprintf(value, size, "%s; %lld", config->sites[config->this_site].name,
             (long long)now);
}

bool
sdr_loop_limit_reached(const struct sdr_config *config,
                       const struct sdr_loop_marks *marks, time_t now,
                       struct sdr_reply *reply)
{
    const char *name = config->sites[config->this_site].name;
    bool young = now - find_newest(marks, now) < LOOP_DEFER_SECONDS;

    if (marks->count < config->loop_limit)
        return false;
    reply->code = young ? "451" : "554";
    reply->enhanced = young ? "4.4.6" : "5.4.6";
    snprintf(reply->text, sizeof reply->text,
             "Routing loop between mail systems at site %s%s", name,
             young ? ", try again later" : "");
    return true;
}
