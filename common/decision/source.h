/* source.h - all directories asked, one answer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The strongest key over all wins. "None" needs the "none" of every directory.
 * A match by a weaker key is "not now" while a directory that could have a
 * stronger one does not answer. An exact match counts, unless it is a contact
 * that refers to a mailbox in another directory.
 */
#ifndef SDR_SOURCE_H
#define SDR_SOURCE_H

#include "ldap/directory.h"
#include "decision/facts.h"
#include "replica/reader.h"
#include "decision/route.h"
#include "trace.h"

/* Asked instead of a directory; results as of sdr_directory_lookup(). */
struct sdr_substitute {
    unsigned directory; /* its index */
    enum sdr_status (*look_up)(void *arg, const struct sdr_keys *keys,
                               struct sdr_facts *facts,
                               struct sdr_error *error);
    void *arg;
};

struct sdr_source {
    const struct sdr_config *config;
    struct sdr_replica *replica;          /* NULL: none */
    struct sdr_directory *const *servers; /* one for each directory; NULL: only
                                             the replica is asked */
    const struct sdr_substitute *substitute; /* NULL: none */
    bool named; /* the facts shall name the entry, even where nobody reads it */
};

/* Ask the directories one after the other: each the replica's copy of it first,
 * then, if that is not certain, its servers, within their timeout. Always fills
 * the answer. Any thread. */
void
sdr_source_lookup(const struct sdr_source *source, const struct sdr_keys *keys,
                  const struct sdr_trace *trace, struct sdr_answer *answer);

#endif
