/* report.h - the numbers of sdrctl report
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A recipient is an entry that is found by an address in a split domain.
 * Catch-alls do not count. First all rows are read (read.h), then counted, then
 * the report is printed.
 */
#ifndef SDRCTL_REPORT_H
#define SDRCTL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "config/config.h"
#include "report/course.h"
#include "report/row.h"
#include "status.h"

/* Where the rows of a directory come from. */
struct report_source {
    unsigned index; /* index of the directory */
    const char *directory;
    bool silent; /* the rows are missing, for this reason: */
    struct sdr_error reason;
    bool from_replica;
    bool from_a_file; /* the replica was read from a file */
    int64_t age;      /* of the replica, in seconds */
    uint64_t entries; /* recipients, of all split domains */
};

/* Problems for which mail is deferred. */
enum report_trouble {
    REPORT_FOREIGN_OWNER, /* of recipients: an owner matches no site */
    REPORT_BAD_ROUTING,   /* the routing address is invalid */
    REPORT_OUTSIDE,       /* the routing address is outside every site */
    REPORT_CONFLICT,      /* the routing address is not at the owner's site */
    REPORT_AMBIGUOUS,     /* of addresses: several entries disagree */
    REPORT_UNREADABLE /* of addresses: in a value with other text; the examples
                         include the entry */
};
enum { REPORT_TROUBLES = REPORT_UNREADABLE + 1, REPORT_EXAMPLES = 3 };

struct report_group {
    uint64_t count;
    const char *examples[REPORT_EXAMPLES]; /* the first of them, then NULL */
};

/* A recipient with mailboxes at two sites counts at both. */
struct report_site {
    uint64_t recipients, held, by_default;
};

struct report_domain {
    const char *name;
    struct report_site all;
    struct report_site nowhere; /* recipients without a site */
    struct report_site *sites;  /* by site */
    struct report_group troubles[REPORT_TROUBLES];
};

/* An owner value that matches no site. */
struct report_value {
    const char *value;
    unsigned directory;
    struct report_group group;
};

struct report {
    const struct sdr_config *config;
    time_t now;
    struct report_source *sources;
    unsigned source_count;
    struct report_domain *domains; /* without aliases of domains */
    unsigned domain_count;
    struct report_site *totals; /* indexed by site, for all domains */
    uint64_t recipients;        /* in all domains */
    struct report_value *values;
    size_t value_count;
    bool values_known; /* false if a replica was read, which has none */
    struct course course;
    struct rows rows; /* owns all strings */
};

/* Count the rows. Returns false if out of memory. */
bool
report_count(struct report *report);

/* Free the content of the report. */
void
report_clear(struct report *report);

/* Returns the share in tenths of a percent. Never 0 unless PART is 0, and never
 * 1000 unless PART is WHOLE. */
unsigned
report_share(uint64_t part, uint64_t whole);

extern const struct report_trouble_text {
    const char *name; /* in CSV and JSON */
    const char *words;
} report_troubles[REPORT_TROUBLES];

/* Write a time as "2026-11-21T10:00:00Z". */
void
report_date(time_t time, char *text, size_t size);

/* Write where the rows of a directory come from, for humans. */
void
report_source_words(const struct report_source *source, char *text,
                    size_t size);

/* ---- output formats; each returns false if out of memory ---- */

bool
report_as_text(const struct report *report);

bool
report_as_csv(const struct report *report);

bool
report_as_json(const struct report *report);

bool
report_as_html(const struct report *report);

#endif
