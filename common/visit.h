/* visit.h - a survey of a directory server under way
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the steps of sdr_survey() share. Each tells what it finds, and the worst
 * of it is kept.
 */
#ifndef SDR_VISIT_H
#define SDR_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ad.h"
#include "config.h"
#include "connection.h"
#include "survey.h"

enum { SDR_VISIT_ATTRIBUTES = 16, SDR_VISIT_NAME_SIZE = 1024 };

/* An attribute that routing reads. */
struct sdr_visit_attribute {
    const char *name;
    const char *option; /* that names it, or named it */
    bool address, named, in_schema;
};

/* A survey under way. */
struct sdr_visit {
    const struct sdr_survey *survey;
    const struct sdr_directory_options *directory;
    const char *uri;
    struct sdr_connection *connection;
    enum sdr_finding worst;
    struct sdr_visit_attribute attributes[SDR_VISIT_ATTRIBUTES];
    unsigned attribute_count;
    /* what the root entry says */
    char vendor[128], schema_dn[SDR_VISIT_NAME_SIZE];
    struct sdr_ad ad;
    bool has_class;
    /* the entry that the search under way has shown last */
    char dn[SDR_VISIT_NAME_SIZE];
    unsigned entries;
};

SDR_PRINTF(5, 6)
void
sdr_visit_tell(struct sdr_visit *visit, enum sdr_finding finding,
               const char *subject, const char *advice, const char *format,
               ...);

/* When a question that is asked now must have been answered. */
int64_t
sdr_visit_deadline(const struct sdr_visit *visit);

/* Search below the search base, or the entry BASE alone, for one entry at most;
 * it is in visit->dn then. VALUE gets the visit and each value; it may be NULL.
 * Results as of sdr_connection_search(). */
enum sdr_status SDR_MUST_USE
sdr_visit_search(struct sdr_visit *visit, const char *base, const char *filter,
                 const char *const *attributes,
                 void (*value)(void *, const char *, const char *, size_t),
                 struct sdr_error *error);

/* Does the server know the attributes that routing reads, and our class? */
void
sdr_visit_schema(struct sdr_visit *visit);

/* May the account read them? Says nothing if something worse is known. */
void
sdr_visit_rights(struct sdr_visit *visit);

#endif
