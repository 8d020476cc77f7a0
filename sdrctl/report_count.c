/* report_count.c - rows become numbers; see report.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "report.h"

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

/* As sdr_route_decide() sees it: an address that is left over from a move is no
 * conflict. */
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

/* An entry counts once for its directory, whatever domains it is in. */
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

/* True if the entries of rows FIRST to LAST, which have one address, disagree
 * about it. */
static bool
disagree(const struct row *first, const struct row *last)
{
    struct sdr_facts best, facts;
    bool found = false;

    for (const struct row *row = first; first < last && row <= last; row++) {
        row_facts(row, &facts);
        sdr_facts_merge(&best, &found, &facts);
    }
    return found && best.disagree;
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

/* ---- all of it ---- */

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

        if (disagree(&rows->items[i], &rows->items[last]))
            add_to_group(&domain->troubles[REPORT_AMBIGUOUS],
                         rows->items[i].address);
        for (; i <= last; i++) {
            if (rows->items[i].counts)
                count_row(report, domain, &rows->items[i]);
        }
    }
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

const char *
report_trouble_name(enum report_trouble trouble)
{
    switch (trouble) {
    case REPORT_FOREIGN_OWNER:
        return "foreign-owner";
    case REPORT_BAD_ROUTING:
        return "bad-routing";
    case REPORT_OUTSIDE:
        return "outside";
    case REPORT_CONFLICT:
        return "conflict";
    case REPORT_AMBIGUOUS:
        return "ambiguous";
    }
    return "";
}

const char *
report_trouble_words(enum report_trouble trouble)
{
    switch (trouble) {
    case REPORT_FOREIGN_OWNER:
        return "an owner that no site answers to";
    case REPORT_BAD_ROUTING:
        return "a routing address that is none";
    case REPORT_OUTSIDE:
        return "a routing address outside every site";
    case REPORT_CONFLICT:
        return "a routing address in another site than the owner";
    case REPORT_AMBIGUOUS:
        return "several entries that disagree about one address";
    }
    return "";
}

void
report_date(time_t moment, char *text, size_t size)
{
    struct tm tm;

    if (gmtime_r(&moment, &tm) == NULL
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
        snprintf(text, size, "%llu recipients, read from the directory now",
                 (unsigned long long)source->entries);
}
