/* mta.c - tables for Postfix and for Exim
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "export/export.h"
#include "print.h"

/* Print a line of the table. A removal is a comment: "#- alice@example.com". */
static const char *
put_line(const struct export_line *line, const char *separator)
{
    const char *comma = "";

    if (line->action == EXPORT_REMOVE) {
        printf("#- %s\n", line->address);
        return NULL;
    }
    printf("%s%s ", line->address, separator);
    if (line->action == EXPORT_COPY) {
        fputs(line->address, stdout);
        comma = ", ";
    }
    for (unsigned i = 0; i < line->count; i++) {
        printf("%s%s", comma, line->targets[i].address);
        comma = ", ";
    }
    putchar('\n');
    return NULL;
}

static void
put_head(const struct export *export)
{
    fputs("# Mail for people whose mailbox is not at ", stdout);
    print_clean(export->config->sites[export->config->this_site].name);
    puts(", by sdrctl export.");
    if (export->is_difference)
        puts("# Only a difference; \"#-\" precedes what is to be removed.");
    puts("#");
}

/* ---- Postfix ---- */

static void
begin_postfix(const struct export *export)
{
    put_head(export);
    puts("# In /etc/postfix, as sdr-export; then: postmap hash:sdr-export");
    puts("# main.cf, before other tables:");
    puts("#   virtual_alias_maps = hash:/etc/postfix/sdr-export");
}

static const char *
line_postfix(const struct export *export, const struct export_line *line)
{
    (void)export;
    return put_line(line, "");
}

/* % and ! are source routes, # begins a comment, and Postfix rejects addresses
 * that begin with -. */
const struct export_format export_postfix = {.name = "postfix",
                                             .never = "%!",
                                             .never_first = "#|/-",
                                             .takes_utf8 = true,
                                             .begin = begin_postfix,
                                             .line = line_postfix};

/* ---- Exim ---- */

static void
put_domains(const struct sdr_config *config)
{
    const char *colon = "";

    fputs("#     domains = ", stdout);
    for (unsigned i = 0; i < config->domain_count; i++) {
        printf("%s%s", colon, config->domains[i].ascii);
        colon = " : ";
    }
    putchar('\n');
}

#define FILE_NAME  "/etc/exim4/sdr-export"
#define DELIMITERS "+-=_."

static void
put_suffixes(const char *delimiters)
{
    const char *before = "#     local_part_suffix = ";

    for (const char *at = delimiters; *at != '\0'; at++) {
        if (strchr(DELIMITERS, *at) == NULL)
            continue;
        printf("%s%c*", before, *at);
        before = " : ";
    }
    puts("\n#     local_part_suffix_optional");
    puts("#     condition = ${if match{$local_part_suffix}"
         "{\\N^[A-Za-z0-9+=_.-]*\\z\\N}}");
}

/* Print the data option. An address extension is kept, unless the table has the
 * address with it. It comes from a client, so only octets that are safe in a
 * local part are used. */
static void
put_data(const char *delimiters)
{
    if (strpbrk(delimiters, DELIMITERS) == NULL) {
        puts("#     data = ${lookup{$local_part@$domain}lsearch{" FILE_NAME
             "}}");
        return;
    }
    put_suffixes(delimiters);
    puts("#     data = ${lookup{$local_part$local_part_suffix@$domain}"
         "lsearch{" FILE_NAME "}{$value}{${lookup{$local_part@$domain}"
         "lsearch{" FILE_NAME "}{${if match{$value}{,}{$value}"
         "{${local_part:$value}$local_part_suffix@${domain:$value}}}}"
         "fail}}}");
}

static void
begin_exim(const struct export *export)
{
    put_head(export);
    puts("# In /etc/exim4, as sdr-export. The first router:");
    puts("#   sdr_export:");
    puts("#     driver = redirect");
    put_domains(export->config);
    put_data(export->config->recipient_delimiter);
    puts("#     forbid_pipe");
    puts("#     forbid_file");
    puts("#     forbid_include");
    puts("#     forbid_filter_run");
}

static const char *
line_exim(const struct export *export, const struct export_line *line)
{
    (void)export;
    return put_line(line, ":");
}

const struct export_format export_exim = {.name = "exim",
                                          .never = "|/%!#$`{}",
                                          .never_first = ":",
                                          .takes_utf8 = true,
                                          .begin = begin_exim,
                                          .line = line_exim};
