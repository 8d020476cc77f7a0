/* source.h - one answer from all directories
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The strongest key of all directories wins. "None" needs the "none" of every
 * directory. If a directory does not answer, a match by a weaker key is "not
 * now", since that directory might have a stronger one. A match of the full
 * address counts, unless it is a contact that refers to a mailbox in another
 * directory.
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
    struct sdr_directory *const *servers; /* one for each directory; NULL: query
                                             only the replica */
    const struct sdr_substitute *substitute; /* NULL: none */
    bool named; /* always set facts.dn, even if the caller does not need it */
};

/* Query the directories one after the other. For each, query its copy in the
 * replica first; if that gives no sure answer, query its servers, within their
 * timeout. Always fills ANSWER. Any thread. */
void
sdr_source_lookup(const struct sdr_source *source, const struct sdr_keys *keys,
                  const struct sdr_trace *trace, struct sdr_answer *answer);

#endif
