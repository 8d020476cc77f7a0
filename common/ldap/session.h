/* session.h - a connection with proofs of what it can see and read
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by everything that reads a directory: live look-ups, sdr-sync and
 * sdrctl. A session keeps its proofs until it is closed. One thread at a time.
 * Functions that return a status return SDR_OK, or SDR_TEMPFAIL with the
 * reason; then sdr_session_is_broken() says whether the connection can only be
 * closed. All functions observe the connection's deadline.
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

/* All zero except the first three members, which are borrowed, is the initial
 * state. */
struct sdr_session {
    const struct sdr_directory_options *directory;
    const char *uri;
    struct sdr_access_seen *seen;      /* of the server, for all sessions */
    struct sdr_connection *connection; /* NULL: not open */
    struct sdr_visibility visibility;
    struct sdr_access access;
    struct sdr_groups groups;
};

/* Connect and bind. A global catalog must hold all attributes that routing
 * reads. Returns as sdr_connection_open(), in particular SDR_CONFIG if the
 * server refuses the account. */
enum sdr_status SDR_MUST_USE
sdr_session_open(struct sdr_session *session, int64_t deadline,
                 struct sdr_error *error);

/* Unbind, close, and discard the proofs. */
void
sdr_session_close(struct sdr_session *session);

/* Like sdr_session_close(), in a process that did not open the session. Sends
 * nothing to the server. */
void
sdr_session_abandon(struct sdr_session *session);

/* Returns true if the session is not open, or its connection is lost or silent.
 */
bool
sdr_session_is_broken(const struct sdr_session *session);

/* Returns true if a proxy may have lost its connection to the server behind it;
 * see sdr_connection_is_suspect(). */
bool
sdr_session_is_suspect(const struct sdr_session *session);

/* Find the nested groups that name owners; see groups.h. */
enum sdr_status SDR_MUST_USE
sdr_session_find_groups(struct sdr_session *session, struct sdr_error *error);

/* Prove that an empty result means that there is no entry; see visibility.h. */
enum sdr_status SDR_MUST_USE
sdr_session_prove_none(struct sdr_session *session, struct sdr_error *error);

/* Prove that owner, routing address and hold can be read, using the entry DN;
 * see access.h. */
enum sdr_status SDR_MUST_USE
sdr_session_prove_access(struct sdr_session *session, const char *dn,
                         struct sdr_error *error);

/* Prove that the entry DN, which shows no owner, has no hidden values. Call it
 * after sdr_session_prove_access(). SHOWN has a bit for each attribute that the
 * entry shows, see sdr_access_shown(). */
enum sdr_status SDR_MUST_USE
sdr_session_prove_absent(struct sdr_session *session, const char *dn,
                         unsigned shown, struct sdr_error *error);

#endif
