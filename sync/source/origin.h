/* origin.h - whether a server has the entries that the copy was made of
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One host name may lead to several servers. Replicas of each other share entry
 * ids. If servers were loaded independently, neither ids nor cookies of one are
 * valid at the other, which reports changes nevertheless.
 */
#ifndef SYNC_ORIGIN_H
#define SYNC_ORIGIN_H

#include <stdbool.h>

#include "ldap/connection.h"
#include "status.h"
#include "source/worker.h"

/* Set *KNOWN if the server shows one of a few entries with the same id as in
 * the copy. Returns SDR_OK; or SDR_TEMPFAIL with the reason: the connection is
 * lost, or the copy cannot be read. */
enum sdr_status SDR_MUST_USE
origin_is_known(struct worker *worker, struct sdr_connection *connection,
                bool *known, struct sdr_error *error);

#endif
