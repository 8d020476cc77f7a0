/* session.h - a connection that proves what it can see and read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What every reader of a directory asks over: live look-ups, sdr-sync and
 * sdrctl. A session keeps what it has proven until it is closed. One thread at
 * a time. Functions that return a status return SDR_OK; or SDR_TEMPFAIL with
 * the reason, and then sdr_session_is_broken() says whether the connection is
 * good for anything but closing. All of them heed the connection's deadline.
 */
#ifndef SDR_SESSION_H
#define SDR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/access.h"
#include "ldap/connection.h"
#include "ldap/groups.h"
#include "ldap/visibility.h"
#include "status.h"

/* All zero but for the first three, which are borrowed, is a valid start. */
struct sdr_session {
    const struct sdr_directory_options *directory;
    const char *uri;
    struct sdr_access_seen *seen;      /* at that server, by all sessions */
    struct sdr_connection *connection; /* NULL: not open */
    struct sdr_visibility visibility;
    struct sdr_access access;
    struct sdr_groups groups;
};

/* Connect and bind; a global catalog must hold all attributes that routing
 * reads. Results as of sdr_connection_open(), in particular SDR_CONFIG if the
 * server refuses the account. */
enum sdr_status SDR_MUST_USE
sdr_session_open(struct sdr_session *session, int64_t deadline,
                 struct sdr_error *error);

/* Close politely, and forget what was proven. */
void
sdr_session_close(struct sdr_session *session);

/* The same in a process that did not open it, without a word to the server. */
void
sdr_session_abandon(struct sdr_session *session);

/* True if it is not open, or the connection is lost or silent. */
bool
sdr_session_is_broken(const struct sdr_session *session);

/* True if the server has answered as if nobody had bound: a proxy may have lost
 * what is behind it. */
bool
sdr_session_is_suspect(const struct sdr_session *session);

/* Find the groups in groups that name owners; see groups.h. */
enum sdr_status SDR_MUST_USE
sdr_session_find_groups(struct sdr_session *session, struct sdr_error *error);

/* Is it sure that nothing was found because there is nothing? See
 * visibility.h. */
enum sdr_status SDR_MUST_USE
sdr_session_prove_none(struct sdr_session *session, struct sdr_error *error);

/* Can owner, routing address and hold be read? Asked with the help of the entry
 * DN; see access.h. */
enum sdr_status SDR_MUST_USE
sdr_session_prove_access(struct sdr_session *session, const char *dn,
                         struct sdr_error *error);

/* After that: has the entry DN, which shows no owner, no values but those that
 * it shows? SHOWN: a bit each, see sdr_access_shown(). */
enum sdr_status SDR_MUST_USE
sdr_session_prove_absent(struct sdr_session *session, const char *dn,
                         unsigned shown, struct sdr_error *error);

#endif
