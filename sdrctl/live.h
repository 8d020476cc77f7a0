/* live.h - search a directory itself, not the replica
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection is opened on first use and kept. A directory that did not
 * answer is not tried again.
 */
#ifndef SDRCTL_LIVE_H
#define SDRCTL_LIVE_H

#include "config/config.h"
#include "ldap/failover.h"
#include "status.h"

/* One directory. Initialize with its options, which are borrowed, and all else
 * zero. Closed by live_close(). */
struct live {
    const struct sdr_directory_options *directory;
    struct sdr_pool *pool;
    struct sdr_session *session; /* NULL: not open */
    bool silent;                 /* it did not answer, for this reason: */
    struct sdr_error reason;
};

/* Read the entries that match FILTER, which is freed: the attributes of the
 * directory's profile and MORE, which may be NULL. SEARCH has the callbacks.
 * All pages are read over a connection to the first server that answers. The
 * time limit is SECONDS for each page, or, if that is 0, the directory's
 * timeout for all of them. Returns SDR_OK after the last page, or SDR_TEMPFAIL
 * with the reason. */
enum sdr_status SDR_MUST_USE
live_search(struct live *live, char *filter, const char *const *more,
            struct sdr_search *search, unsigned seconds,
            struct sdr_error *error);

/* Find the groups nested in groups that name owners, for a struct sdr_reader.
 * The session is open after that. Returns as live_search(). */
enum sdr_status SDR_MUST_USE
live_find_groups(struct live *live, struct sdr_error *error);

/* Prove that all that routing needs of the entry DN can be read, or, if DN is
 * NULL, that an empty result means that there is no entry. Returns as
 * live_search(). */
enum sdr_status SDR_MUST_USE
live_prove(struct live *live, const char *dn, struct sdr_error *error);

void
live_close(struct live *live);

#endif
