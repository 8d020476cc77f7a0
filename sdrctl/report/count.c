/* count.c - count the rows; see report.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "replica_copy.h"
#include "report/report.h"

/* ---- one recipient ---- */

static sdr_sites
bit(unsigned site)
{
    return (sdr_sites)1 << site;
}

static void
add_recipient(struct report_site *site, const struct row *row)
{
    site->recipients++;
    site->held += row->hold;
    site->by_default += row->by_default;
}

static void
add_to_group(struct report_group *group, const char *example)
{
    if (group->count < REPORT_EXAMPLES)
        group->examples[group->count] = example;
    group->count++;
}

/* True if owner and routing address disagree. As in sdr_route_decide(), an
 * address left over from a move is not a conflict. */
static bool
conflicts(const struct sdr_config *config, const struct row *row)
{
    return row->has_routing && (row->owners & bit(row->routing_site)) == 0
           && row->owners != bit(config->this_site);
}

static void
add_troubles(const struct sdr_config *config, struct report_domain *domain,
             const struct row *row)
{
    const bool found[] = {[REPORT_FOREIGN_OWNER] = row->foreign_owner,
                          [REPORT_BAD_ROUTING] = row->bad_routing,
                          [REPORT_OUTSIDE] = row->outside,
                          [REPORT_CONFLICT] =
                              !row->foreign_owner && conflicts(config, row)};

    for (unsigned i = 0; i < REPORT_AMBIGUOUS; i++) {
        if (found[i])
            add_to_group(&domain->troubles[i], row->address);
    }
}

/* Count an entry once for its directory, even if it has addresses in several
 * domains. */
static void
count_lead(struct report *report, const struct row *row)
{
    report->recipients++;
    for (unsigned i = 0; i < report->source_count; i++) {
        if (report->sources[i].index == row->directory)
            report->sources[i].entries++;
    }
}

static void
count_row(struct report *report, struct report_domain *domain,
          const struct row *row)
{
    const struct sdr_config *config = report->config;

    add_recipient(&domain->all, row);
    if (row->owners == 0)
        add_recipient(&domain->nowhere, row);
    for (unsigned site = 0; site < config->site_count; site++) {
        if ((row->owners & bit(site)) == 0)
            continue;
        add_recipient(&domain->sites[site], row);
        if (row->leads)
            add_recipient(&report->totals[site], row);
    }
    add_troubles(config, domain, row);
    if (row->leads)
        count_lead(report, row);
}

/* ---- addresses ---- */

/* Merge the facts of rows FIRST to LAST, which have the same address. */
static void
merge(const struct row *first, const struct row *last, struct sdr_facts *best)
{
    struct sdr_facts facts;
    bool found = false;

    for (const struct row *row = first; row <= last; row++) {
        row_facts(row, &facts);
        sdr_facts_merge(best, &found, &facts);
    }
}

/* True for a contact for a mailbox in another directory, which is not counted
 * as a recipient. */
static bool
is_only_contact(const struct row *row, const struct sdr_facts *best)
{
    return row->contact && row->directory != best->directory && !best->disagree;
}

static size_t
last_of_address(const struct rows *rows, size_t first)
{
    size_t last = first;

    while (last + 1 < rows->count
           && strcmp(rows->items[last + 1].address, rows->items[first].address)
                  == 0)
        last++;
    return last;
}

/* ---- the report ---- */

static bool
make_domains(struct report *report, struct report_domain **by_index)
{
    const struct sdr_config *config = report->config;

    report->domains = calloc(config->domain_count, sizeof *report->domains);
    report->totals = calloc(config->site_count, sizeof *report->totals);
    if (report->domains == NULL || report->totals == NULL)
        return false;
    for (unsigned i = 0; i < config->domain_count; i++) {
        struct report_domain *domain = &report->domains[report->domain_count];

        if (config->domains[i].canonical != i)
            continue;
        domain->name = config->domains[i].name;
        domain->sites = calloc(config->site_count, sizeof *domain->sites);
        if (domain->sites == NULL)
            return false;
        by_index[i] = domain;
        report->domain_count++;
    }
    return true;
}

static void
count_rows(struct report *report, struct report_domain *const *by_index)
{
    const struct rows *rows = &report->rows;

    for (size_t i = 0; i < rows->count;) {
        size_t last = last_of_address(rows, i);
        struct report_domain *domain = by_index[rows->items[i].domain];
        struct sdr_facts best;

        merge(&rows->items[i], &rows->items[last], &best);
        if (best.disagree || (best.owners == 0 && sdr_facts_refers(&best)))
            add_to_group(&domain->troubles[REPORT_AMBIGUOUS],
                         rows->items[i].address);
        for (; i <= last; i++) {
            if (rows->items[i].counts
                && !is_only_contact(&rows->items[i], &best))
                count_row(report, domain, &rows->items[i]);
        }
    }
}

static void
count_bad_values(struct report *report, struct report_domain *const *by_index)
{
    const struct rows *rows = &report->rows;

    for (size_t i = 0; i < rows->bad_count; i++)
        add_to_group(
            &by_index[rows->bad_values[i].domain]->troubles[REPORT_UNREADABLE],
            rows->bad_values[i].text);
}

static bool
count_values(struct report *report)
{
    const struct rows *rows = &report->rows;

    report->values = calloc(rows->value_count + 1, sizeof *report->values);
    if (report->values == NULL)
        return false;
    for (size_t i = 0; i < rows->value_count; i++) {
        const struct row_value *one = &rows->values[i];
        struct report_value *value = &report->values[report->value_count];

        if (report->value_count == 0 || value[-1].directory != one->directory
            || strcmp(value[-1].value, one->value) != 0) {
            value->value = one->value;
            value->directory = one->directory;
            report->value_count++;
        } else {
            value--;
        }
        add_to_group(&value->group, one->address);
    }
    return true;
}

bool
report_count(struct report *report)
{
    struct report_domain **by_index =
        calloc(report->config->domain_count, sizeof(struct report_domain *));
    bool ok = by_index != NULL && make_domains(report, by_index);

    if (ok) {
        rows_sort(&report->rows);
        count_rows(report, by_index);
        count_bad_values(report, by_index);
        ok = count_values(report) && !report->rows.no_memory;
    }
    free(by_index);
    return ok;
}

void
report_clear(struct report *report)
{
    for (unsigned i = 0; i < report->domain_count; i++)
        free(report->domains[i].sites);
    free(report->domains);
    free(report->totals);
    free(report->sources);
    free(report->values);
    course_clear(&report->course);
    rows_clear(&report->rows);
    memset(report, 0, sizeof *report);
}

/* ---- words ---- */

unsigned
report_share(uint64_t part, uint64_t whole)
{
    uint64_t share;

    if (part == 0 || whole == 0)
        return 0;
    share = part * 1000 / whole;
    return share == 0 ? 1 : (unsigned)share;
}

const struct report_trouble_text report_troubles[REPORT_TROUBLES] = {
    [REPORT_FOREIGN_OWNER] = {"foreign-owner", "an owner that matches no site"},
    [REPORT_BAD_ROUTING] = {"bad-routing", "an invalid routing address"},
    [REPORT_OUTSIDE] = {"outside", "a routing address outside every site"},
    [REPORT_CONFLICT] = {"conflict",
                         "a routing address at a site other than the owner"},
    [REPORT_AMBIGUOUS] = {"ambiguous",
                          "an address in several entries that disagree"},
    [REPORT_UNREADABLE] = {"unreadable",
                           "an address in a value with other text"},
};

void
report_date(time_t time, char *text, size_t size)
{
    struct tm tm;

    if (gmtime_r(&time, &tm) == NULL
        || strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        text[0] = '\0';
}

void
report_source_words(const struct report_source *source, char *text, size_t size)
{
    char age[64];

    if (source->silent) {
        snprintf(text, size, "MISSING: %s", source->reason.text);
        return;
    }
    copy_duration(source->age, age, sizeof age);
    if (source->from_replica)
        snprintf(text, size, "%llu recipients, from the replica; %s %s ago",
                 (unsigned long long)source->entries,
                 source->from_a_file ? "the file was read" : "last contact",
                 age);
    else
        snprintf(text, size,
                 "%llu recipients, read from the directory just now",
                 (unsigned long long)source->entries);
}
