/* visibility.h - proof that a connection sees what it is asked about
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An LDAP server also says "no entry" to a reader without access, for a
 * misspelt attribute, for one without an equality rule, and for a tree that was
 * emptied. So "not found" counts only after the same connection, asked in the
 * same way, has found an address that is known to exist. One typo must never
 * reject a whole company. Nor must one hidden attribute reject all aliases:
 * where the server reports access, none of them may be hidden. And "not found"
 * counts only after all of must_see.h has been found.
 */
#ifndef SDR_VISIBILITY_H
#define SDR_VISIBILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* The known addresses of one connection, at most one for each address
 * attribute; all zero is a valid start. */
struct sdr_visibility {
    char **known;
    unsigned count;
    char *dn;      /* of an entry that was seen */
    int64_t until; /* so long none of the attributes counts as hidden */
};

/* Forget all. */
void
sdr_visibility_clear(struct sdr_visibility *visibility);

/* Prove it now. Of the attributes that the configuration names itself, each
 * must show a value; of a profile's, any, and none may be hidden. Returns
 * SDR_OK; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_visibility_prove(struct sdr_visibility *visibility,
                     struct sdr_connection *connection,
                     struct sdr_error *error);

/* The same, unless it was proven within the last ten seconds: for a recipient
 * found by a weaker key, so that the connection does see something. */
enum sdr_status SDR_MUST_USE
sdr_visibility_prove_recent(struct sdr_visibility *visibility,
                            struct sdr_connection *connection,
                            struct sdr_error *error);

#endif
