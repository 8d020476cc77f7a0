/* log.c - see log.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>

/* Longest value shown in a line, escaped. */
enum { VALUE_MAX = 1024 };

static bool
is_unsafe(ucs4_t c, const char *specials)
{
    const uint32_t hidden = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf
                            | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

    if (c < 0x80 && c >= ' ' && c != 0x7f)
        return strchr(specials, (int)c) != NULL;
    return uc_is_general_category_withtable(c, hidden);
}

size_t
sdr_log_clean(char *out, size_t size, const char *text, size_t len,
              const char *specials)
{
    const size_t dots = sizeof "...";
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        ucs4_t c;
        int octets = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        bool unsafe = octets < 1 || is_unsafe(c, specials);
        size_t step = octets < 1 ? 1 : (size_t)octets;
        size_t need = unsafe ? step * 4 : step;

        if (used + need + dots > size) {
            used += (size_t)snprintf(out + used, size - used, "...");
            return used < size ? used : size - 1;
        }
        for (size_t k = 0; k < step; k++) {
            if (unsafe)
                used += (size_t)snprintf(out + used, size - used, "\\x%02X",
                                         (unsigned char)text[i + k]);
            else
                out[used++] = text[i + k];
        }
        i += step;
    }
    out[used] = '\0';
    return used;
}

/* A line that is being written; once it is full the rest is dropped. */
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
