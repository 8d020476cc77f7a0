/* proof.h - proof that a server shows what the copy is made of
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_PROOF_H
#define SYNC_PROOF_H

#include "config.h"
#include "connection.h"
#include "rights.h"
#include "status.h"

/* Prove that addresses are to be seen, and that an entry without an owner has
 * none rather than one that is hidden. SEEN is kept from one proof to the next.
 * Results as of sdr_sight_prove(). */
enum sdr_status SDR_MUST_USE
proof_of_sight(struct sdr_connection *connection,
               const struct sdr_directory_options *directory,
               struct sdr_rights_seen *seen, struct sdr_error *error);

#endif
