/* proof.h - proof that a server shows what the copy is made of
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_PROOF_H
#define SYNC_PROOF_H

#include "ldap/session.h"
#include "status.h"

/* SESSION is set by the caller, and borrowed; the rest is zero at first, and
 * freed by proof_clear(). */
struct proof {
    struct sdr_session *session;
    char *shown[SDR_ACCESS_COUNT]; /* OpenLDAP: DN of an entry with a value */
};

/* Prove, before anything is read, that addresses are visible, and that owners
 * are not hidden. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
proof_of_visibility(struct proof *proof, struct sdr_error *error);

/* Prove it again for what has been read since, before that is committed: access
 * rules may change during a connection, and no server reports it. Checks known
 * entries, not each entry; Active Directory at most once a minute (see
 * access.h). Returns as proof_of_visibility(). */
enum sdr_status SDR_MUST_USE
proof_again(struct proof *proof, struct sdr_error *error);

void
proof_clear(struct proof *proof);

#endif
