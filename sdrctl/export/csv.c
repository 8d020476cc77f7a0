/* csv.c - CSV (RFC 4180), also for cPanel's importer and Google's address map
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>

#include "export/export.h"
#include "spreadsheet.h"

static const char *const actions[] = {[EXPORT_REDIRECT] = "redirect",
                                      [EXPORT_COPY] = "copy",
                                      [EXPORT_REMOVE] = "remove"};

static void
put_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void
put_row(const char *const *fields, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            putchar(',');
        put_text(fields[i]);
    }
    fputs("\r\n", stdout);
}

/* ---- generic CSV ---- */

static void
begin(const struct export *export)
{
    (void)export;
    fputs("action,address,target,site\r\n", stdout);
}

static const char *
site_of(const struct export *export, const struct sdr_target *target)
{
    return target->site != SDR_NO_SITE
               ? export->config->sites[target->site].name
               : "";
}

static const char *
line(const struct export *export, const struct export_line *line)
{
    const char *fields[4] = {actions[line->action], line->address, "", ""};

    for (unsigned i = 0; i < line->count; i++) {
        if (spreadsheet_is_formula(site_of(export, &line->targets[i])))
            return "a spreadsheet would read the name of its site as a formula";
    }
    if (line->count == 0)
        put_row(fields, 4);
    for (unsigned i = 0; i < line->count; i++) {
        fields[2] = line->targets[i].address;
        fields[3] = site_of(export, &line->targets[i]);
        put_row(fields, 4);
    }
    return NULL;
}

const struct export_format export_csv = {
    .name = "csv",
    .never = (const char[]){SPREADSHEET_SEPARATOR, 0},
    .never_first = "",
    .for_spreadsheets = true,
    .takes_quotes = true,
    .takes_utf8 = true,
    .begin = begin,
    .line = line};

/* ---- importers: only the columns that they accept ---- */

static void
put_pairs(const struct export *export, const struct export_line *line)
{
    const char *fields[3] = {actions[line->action], line->address, ""};
    unsigned from = export->is_difference ? 0 : 1;

    if (line->count == 0)
        put_row(fields, 3);
    for (unsigned i = 0; i < line->count; i++) {
        fields[2] = line->targets[i].address;
        put_row(fields + from, 3 - from);
    }
}

static void
begin_cpanel(const struct export *export)
{
    fputs(export->is_difference ? "action,source,target\r\n"
                                : "source,target\r\n",
          stdout);
}

/* EXPORT_COPY needs no other line: in cPanel, a mailbox of that name gets a
 * copy in any case. */
static const char *
line_cpanel(const struct export *export, const struct export_line *line)
{
    put_pairs(export, line);
    return NULL;
}

static void
begin_google(const struct export *export)
{
    if (export->is_difference)
        fputs("action,address,map to address\r\n", stdout);
}

static const char *
line_google(const struct export *export, const struct export_line *line)
{
    enum { TARGETS_MAX = 12 };

    if (line->action == EXPORT_COPY)
        return "it has a mailbox there as well, which an address map says for "
               "all addresses or none";
    if (line->count > TARGETS_MAX)
        return "an address map takes no more than 12 targets";
    put_pairs(export, line);
    return NULL;
}

/* cPanel writes forwarders to Exim's alias files. */
const struct export_format export_cpanel = {.name = "cpanel",
                                            .never = "|/%!#$`{}*",
                                            .never_first = ":",
                                            .for_spreadsheets = true,
                                            .begin = begin_cpanel,
                                            .line = line_cpanel};

const struct export_format export_google = {.name = "google",
                                            .never = "",
                                            .never_first = "",
                                            .for_spreadsheets = true,
                                            .begin = begin_google,
                                            .line = line_google};
