/* finding.h - what one directory says of a recipient now, and its copy
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Entries as they stand, value by value. Filled by finding_make(), freed by
 * finding_clear().
 */
#ifndef SDRCTL_FINDING_H
#define SDRCTL_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"
#include "live.h"
#include "replica.h"
#include "status.h"

struct found_value {
    char *attribute, *octets; /* NUL behind them */
    size_t len;
};

struct found_entry {
    char *dn;
    struct sdr_facts facts; /* settled */
    struct found_value *values;
    size_t count;
};

/* How the copy stands to the directory. */
enum twin {
    TWIN_NONE,    /* there is no replica, or nothing to compare it with */
    TWIN_SAME,    /* it says the same */
    TWIN_DIFFERS, /* it has not seen this yet */
    TWIN_SILENT   /* it does not answer */
};

struct finding {
    const struct sdr_config *config;
    unsigned directory;
    /* SDR_OK, with entries; SDR_NOTFOUND, for sure; SDR_TEMPFAIL with the
     * reason: entries then may lack something. */
    enum sdr_status status;
    struct sdr_error error;
    bool from_a_file; /* the copy is all there is: entries without values */
    struct found_entry *entries;
    size_t count;
    struct sdr_facts facts; /* of all, merged, if there are any */
    enum twin twin;
    enum sdr_status twin_status; /* of TWIN_DIFFERS: is it there? */
    struct sdr_facts twin_facts; /* and what it says */
    struct sdr_error twin_error; /* of TWIN_SILENT */
};

/* Ask the directory with this index, over LIVE, for the keys, and compare with
 * the replica, which may be NULL. */
void
finding_make(struct finding *finding, const struct sdr_config *config,
             unsigned directory, const struct sdr_keys *keys, struct live *live,
             struct sdr_replica *replica);

void
finding_clear(struct finding *finding);

/* The first value of the attribute; NULL: none. */
const struct found_value *
find_value(const struct found_entry *entry, const char *attribute);

/* When the entry was changed last, as RFC 3339 has it, and by whom; empty if
 * the server does not tell. */
void
find_change(const struct found_entry *entry, char *when, size_t size,
            const char **who);

#endif
