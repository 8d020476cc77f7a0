/* line.c - see line.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* Longest value shown in a line, escaped. */
enum { VALUE_MAX = 1024 };

/* A line that is being written; text beyond its size is dropped. */
struct line {
    char *text;
    size_t size;
    size_t used;
};

SDR_PRINTF(2, 3)
static void
add(struct line *line, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line->text + line->used, line->size - line->used, format,
                  args);
    va_end(args);
    if (n > 0)
        line->used += (size_t)n;
    if (line->used >= line->size)
        line->used = line->size - 1;
}

static void
add_value(struct line *line, const char *name, const char *value)
{
    char clean[VALUE_MAX];

    sdr_log_clean(clean, sizeof clean, value, strlen(value), "\"\\");
    add(line, " %s=\"%s\"", name, clean);
}

static void
add_sites(struct line *line, const struct sdr_verdict *verdict)
{
    const char *separator = " site=";

    for (unsigned i = 0; i < verdict->config->site_count; i++) {
        if ((verdict->sites & (sdr_sites)1 << i) != 0) {
            add(line, "%s%s", separator, verdict->config->sites[i].name);
            separator = ",";
        }
    }
}

void
sdr_log_decision(char *out, size_t size, const char *recipient,
                 const struct sdr_verdict *verdict)
{
    struct line line = {out, size, 0};
    char clean[VALUE_MAX];

    sdr_log_clean(clean, sizeof clean, recipient, strlen(recipient), "\"\\");
    add(&line, "rcpt=\"%s\" verdict=%s", clean,
        sdr_verdict_name(verdict->kind));
    add_sites(&line, verdict);
    for (unsigned i = 0; i < verdict->target_count; i++)
        add_value(&line, "to", verdict->targets[i].address);
    if (verdict->next_hop != NULL)
        add_value(&line, "next-hop", verdict->next_hop);
    if (verdict->reply.code != NULL)
        add(&line, " reply=%s status=%s", verdict->reply.code,
            verdict->reply.enhanced);
    add(&line, " source=%s", sdr_origin_name(verdict->origin));
    add_value(&line, "reason", verdict->reason);
}
