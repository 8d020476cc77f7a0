/* sight.h - proof that a connection sees what it is asked about
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An LDAP server says "no entry" as well to a reader without rights, for a
 * misspelt attribute, for one without equality rule, and for a tree that was
 * emptied. So a none counts only after the same connection, asked in the same
 * way, has found an address that is known to be there: the witness. One typo
 * must never refuse a whole company. Nor must one attribute that is hidden
 * refuse all aliases: where a compare tells, none of them may be.
 */
#ifndef SDR_SIGHT_H
#define SDR_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "connection.h"
#include "status.h"

/* The witnesses of one connection, one for each address attribute at most; all
 * zero is a valid start. */
struct sdr_sight {
    char **witnesses;
    unsigned count;
    char *dn;      /* of an entry that was seen */
    int64_t until; /* so long none of the attributes counts as hidden */
};

/* Forget all. */
void
sdr_sight_clear(struct sdr_sight *sight);

/* Prove it now. Of the attributes that the configuration names itself, each
 * must show a value; of a profile's, any, and none may be hidden. Returns
 * SDR_OK; or SDR_TEMPFAIL with the reason, and *broken as of
 * sdr_connection_search(). */
enum sdr_status SDR_MUST_USE
sdr_sight_prove(struct sdr_sight *sight, struct sdr_connection *connection,
                const struct sdr_directory_options *directory, int64_t deadline,
                bool *broken, struct sdr_error *error);

/* The same, unless it was proven within the last ten seconds: for who was found
 * by a weaker key, so that it does see something. */
enum sdr_status SDR_MUST_USE
sdr_sight_prove_lately(struct sdr_sight *sight,
                       struct sdr_connection *connection,
                       const struct sdr_directory_options *directory,
                       int64_t deadline, bool *broken, struct sdr_error *error);

#endif
