/* lookup.h - the entries of a recipient in one directory and in the replica
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Entries have all their values. Filled by lookup_make(), freed by
 * lookup_clear().
 */
#ifndef SDRCTL_LOOKUP_H
#define SDRCTL_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/facts.h"
#include "live.h"
#include "replica/reader.h"
#include "status.h"

struct found_value {
    char *attribute, *octets; /* NUL-terminated */
    size_t len;
    sdr_sites sites; /* the sites that it names, if it is an owner value */
};

struct found_entry {
    char *dn;
    struct sdr_facts facts; /* settled */
    struct found_value *values;
    size_t count, room;
};

/* The replica compared with the directory. */
enum comparison {
    COMPARED_NONE,    /* there is no replica, or nothing to compare it with */
    COMPARED_SAME,    /* it has the same facts as the directory */
    COMPARED_DIFFERS, /* it is not up to date */
    COMPARED_SILENT   /* it does not answer */
};

struct lookup {
    const struct sdr_config *config;
    unsigned directory;
    /* SDR_OK with entries; SDR_NOTFOUND, which is proven; or SDR_TEMPFAIL with
     * the reason, and entries may be incomplete. */
    enum sdr_status status;
    struct sdr_error error;
    bool from_a_file;
    struct found_entry *entries;
    size_t count, room;
    struct sdr_facts facts; /* of all entries, merged, if there are any */
    enum comparison comparison;
    enum sdr_status replica_status; /* for COMPARED_DIFFERS */
    struct sdr_facts replica_facts; /* for COMPARED_DIFFERS */
    struct sdr_error replica_error; /* for COMPARED_SILENT */
};

/* Search the directory with this index for the keys, over LIVE or in its file,
 * and compare the result with the replica, which may be NULL. */
void
lookup_make(struct lookup *lookup, const struct sdr_config *config,
            unsigned directory, const struct sdr_keys *keys, struct live *live,
            struct sdr_replica *replica);

void
lookup_clear(struct lookup *lookup);

/* Returns the first value of the attribute, or NULL. */
const struct found_value *
find_value(const struct found_entry *entry, const char *attribute);

/* Set WHEN to the time of the last change (RFC 3339) and *WHO to the account
 * that made it, borrowed; "" and NULL if the server does not say. */
void
find_change(const struct found_entry *entry, char *when, size_t size,
            const char **who);

#endif
