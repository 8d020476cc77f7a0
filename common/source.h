/* source.h - all directories asked, one answer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The strongest key over all wins. A none needs the none of every directory; a
 * match by a weaker key is not now while a directory that could hold a
 * stronger one is silent; an exact match stands.
 */
#ifndef SDR_SOURCE_H
#define SDR_SOURCE_H

#include "directory.h"
#include "facts.h"
#include "replica.h"
#include "route.h"
#include "trace.h"

struct sdr_source {
    const struct sdr_config *config;
    struct sdr_replica *replica;          /* NULL: none */
    struct sdr_directory *const *servers; /* one for each directory */
};

/* Ask the directories one after the other: each the replica's copy of it first,
 * then, if that is not sure, its servers, within their timeout. Always fills
 * the answer. Any thread. */
void
sdr_source_lookup(const struct sdr_source *source, const struct sdr_keys *keys,
                  const struct sdr_trace *trace, struct sdr_answer *answer);

#endif
