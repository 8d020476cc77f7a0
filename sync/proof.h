/* proof.h - proof that a server shows what the copy is made of
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_PROOF_H
#define SYNC_PROOF_H

#include "config.h"
#include "connection.h"
#include "rights.h"
#include "sight.h"
#include "status.h"

/* What is proven of one connection. The first three are given, borrowed; the
 * rest is zero at first, and cleared by proof_clear(). */
struct proof {
    struct sdr_connection *connection;
    const struct sdr_directory_options *directory;
    struct sdr_rights_seen *seen; /* kept from one connection to the next */
    struct sdr_sight sight;
    struct sdr_rights rights;
};

/* Before anything is read: prove that addresses are to be seen, and that an
 * entry without an owner has none rather than one that is hidden. Returns
 * SDR_OK; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
proof_of_sight(struct proof *proof, struct sdr_error *error);

/* The same of what has been read since, before it counts: access rules change
 * while a connection stays, and no server tells. Asks about an address that is
 * known, not about each entry; Active Directory at most once a minute (see
 * rights.h). Results as above. */
enum sdr_status SDR_MUST_USE
proof_again(struct proof *proof, struct sdr_error *error);

void
proof_clear(struct proof *proof);

#endif
