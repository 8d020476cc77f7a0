/* text.c - sdrctl report as text
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <inttypes.h>
#include <string.h>

#include "print.h"
#include "report/report.h"
#include "table.h"

enum { NUMBER = 32, LIST = 2048 };

/* ---- cells ---- */

static void
format_count(char text[NUMBER], uint64_t count)
{
    snprintf(text, NUMBER, "%" PRIu64, count);
}

static void
format_share(char text[NUMBER], uint64_t part, uint64_t whole)
{
    unsigned share = report_share(part, whole);

    snprintf(text, NUMBER, "%u.%u %%", share / 10, share % 10);
}

/* Write "a, b, c, ...". */
static void
format_examples(char text[LIST], const struct report_group *group)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < REPORT_EXAMPLES && group->examples[i] != NULL; i++) {
        snprintf(text + used, LIST - used, "%s%s", i > 0 ? ", " : "",
                 group->examples[i]);
        used = strlen(text);
    }
    if (group->count > REPORT_EXAMPLES)
        snprintf(text + used, LIST - used, ", ...");
}

/* ---- recipients by site ---- */

static void
add_site(struct table *table, const struct report_domain *domain,
         const char *name, const struct report_site *site)
{
    char recipients[NUMBER], share[NUMBER], held[NUMBER], by_default[NUMBER];
    const char *cells[] = {domain->name, name, recipients,
                           share,        held, by_default};

    format_count(recipients, site->recipients);
    format_share(share, site->recipients, domain->all.recipients);
    format_count(held, site->held);
    format_count(by_default, site->by_default);
    table_row(table, cells);
}

static void
add_domain(struct table *table, const struct report *report,
           const struct report_domain *domain)
{
    for (unsigned i = 0; i < report->config->site_count; i++)
        add_site(table, domain, report->config->sites[i].name,
                 &domain->sites[i]);
    if (domain->nowhere.recipients > 0)
        add_site(table, domain, "(no site)", &domain->nowhere);
    add_site(table, domain, "(all)", &domain->all);
}

static bool
print_sites(const struct report *report)
{
    static const struct table_column columns[] = {
        {"DOMAIN", false, false},    {"SITE", false, false},
        {"RECIPIENTS", true, false}, {"SHARE", true, false},
        {"HELD", true, false},       {"BY DEFAULT", true, false}};
    struct table *table = table_new(columns, 6);

    for (unsigned i = 0; i < report->domain_count; i++)
        add_domain(table, report, &report->domains[i]);
    return table_print(&table);
}

/* ---- problems ---- */

static bool
is_flawless(const struct report *report)
{
    for (unsigned i = 0; i < report->domain_count; i++) {
        for (unsigned t = 0; t < REPORT_TROUBLES; t++) {
            if (report->domains[i].troubles[t].count > 0)
                return false;
        }
    }
    return true;
}

static void
add_trouble(struct table *table, const char *domain, unsigned what,
            const struct report_group *group)
{
    char count[NUMBER], examples[LIST];
    const char *cells[] = {domain, count, report_troubles[what].words,
                           examples};

    if (group->count == 0)
        return;
    format_count(count, group->count);
    format_examples(examples, group);
    table_row(table, cells);
}

static bool
print_troubles(const struct report *report)
{
    static const struct table_column columns[] = {{"DOMAIN", false, false},
                                                  {"COUNT", true, false},
                                                  {"PROBLEM", false, true},
                                                  {"EXAMPLES", false, true}};
    struct table *table;

    if (is_flawless(report))
        return true;
    table = table_new(columns, 4);
    for (unsigned i = 0; i < report->domain_count; i++) {
        for (unsigned t = 0; t < REPORT_TROUBLES; t++)
            add_trouble(table, report->domains[i].name, t,
                        &report->domains[i].troubles[t]);
    }
    puts("\nMail for these is deferred:\n");
    return table_print(&table);
}

static bool
print_values(const struct report *report)
{
    static const struct table_column columns[] = {
        {"DIRECTORY", false, false},
        {"COUNT", true, false},
        {"OWNER THAT MATCHES NO SITE", false, true},
        {"EXAMPLES", false, true}};
    struct table *table;

    if (report->value_count == 0)
        return true;
    table = table_new(columns, 4);
    for (size_t i = 0; i < report->value_count; i++) {
        const struct report_value *value = &report->values[i];
        char count[NUMBER], examples[LIST];
        const char *cells[] = {
            report->config->directories[value->directory].name, count,
            value->value, examples};

        format_count(count, value->group.count);
        format_examples(examples, &value->group);
        table_row(table, cells);
    }
    putchar('\n');
    return table_print(&table);
}

static void
print_sources(const struct report *report)
{
    char words[1024];

    for (unsigned i = 0; i < report->source_count; i++) {
        report_source_words(&report->sources[i], words, sizeof words);
        printf("directory %s: ", report->sources[i].directory);
        print_clean(words);
        putchar('\n');
    }
    putchar('\n');
}

bool
report_as_text(const struct report *report)
{
    print_sources(report);
    return print_sites(report) && print_troubles(report)
           && print_values(report);
}
