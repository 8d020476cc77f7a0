/* live.h - a directory as it is now, whatever the replica remembers of it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection is opened when it is needed first and kept; a directory that
 * did not answer is not asked again.
 */
#ifndef SDRCTL_LIVE_H
#define SDRCTL_LIVE_H

#include "config/config.h"
#include "ldap/failover.h"
#include "status.h"

/* One directory; all zero but for the options, which are borrowed, is a valid
 * start. Closed by live_close(). */
struct live {
    const struct sdr_directory_options *directory;
    struct sdr_pool *pool;
    struct sdr_session *session; /* NULL: not open yet, or not any more */
    bool silent;                 /* it did not answer: */
    struct sdr_error reason;
};

/* Read the entries that match FILTER, which is freed: the attributes of the
 * directory's profile and MORE, which may be NULL; the callbacks are those of
 * SEARCH. It runs to its end, page by page, over a connection to the first
 * server that answers; each page may take as many seconds as SECONDS, or, if
 * that is 0, all of them the directory's timeout. Returns SDR_OK when all was
 * read; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
live_search(struct live *live, char *filter, const char *const *more,
            struct sdr_search *search, unsigned seconds,
            struct sdr_error *error);

/* Find the groups in others that name owners, for whoever reads entries: see
 * struct sdr_reader. The session is open then. Results as of live_search(). */
enum sdr_status SDR_MUST_USE
live_find_groups(struct live *live, struct sdr_error *error);

/* Is all that counts of the entry DN seen; or, if DN is NULL, is it sure that
 * nothing was found because there is nothing? */
enum sdr_status SDR_MUST_USE
live_prove(struct live *live, const char *dn, struct sdr_error *error);

void
live_close(struct live *live);

#endif
