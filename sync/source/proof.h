/* proof.h - proof that a server shows what the copy is made of
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_PROOF_H
#define SYNC_PROOF_H

#include "ldap/session.h"
#include "status.h"

/* The session is given, borrowed; the rest is zero at first, and cleared by
 * proof_clear(). */
struct proof {
    struct sdr_session *session;
    char *shown[SDR_ACCESS_COUNT]; /* who has such a value, to OpenLDAP */
};

/* Before anything is read: prove that addresses are visible, and that an entry
 * without an owner has none rather than a hidden one. Returns SDR_OK; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
proof_of_visibility(struct proof *proof, struct sdr_error *error);

/* The same of what has been read since, before it counts: access rules change
 * while a connection stays, and no server reports it. Asks about an address
 * that is known, not about each entry; Active Directory at most once a minute
 * (see access.h). Results as above. */
enum sdr_status SDR_MUST_USE
proof_again(struct proof *proof, struct sdr_error *error);

void
proof_clear(struct proof *proof);

#endif
