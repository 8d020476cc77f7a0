/* visibility.h - proof that a connection can see entries
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An LDAP server also returns no entry to a client without access, for a
 * misspelt attribute, for one without an equality rule, and for a tree that was
 * emptied. So "not found" counts only after the same connection, by the same
 * kind of search, has found an address that is known to exist. One typo must
 * never reject a whole company. Nor must one hidden attribute reject all
 * aliases: where the server reports access, none of them may be hidden. And
 * "not found" counts only after all must-see addresses have been found
 * (must_see.h).
 */
#ifndef SDR_VISIBILITY_H
#define SDR_VISIBILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* The known addresses of one connection, at most one for each address
 * attribute. All zero is the initial state. */
struct sdr_visibility {
    char **known;
    unsigned count;
    char *dn;      /* of the last entry found */
    int64_t until; /* expiry of the proof that no attribute is hidden */
};

/* Free the contents and reset the object. */
void
sdr_visibility_clear(struct sdr_visibility *visibility);

/* Prove now that entries are visible. Each attribute that the configuration
 * names must show a value; of a profile's attributes one must, and none may be
 * hidden. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_visibility_prove(struct sdr_visibility *visibility,
                     struct sdr_connection *connection,
                     struct sdr_error *error);

/* Like sdr_visibility_prove(), unless it was proven within the last ten
 * seconds. For a recipient found by a weaker key: then the connection does see
 * entries. */
enum sdr_status SDR_MUST_USE
sdr_visibility_prove_recent(struct sdr_visibility *visibility,
                            struct sdr_connection *connection,
                            struct sdr_error *error);

#endif
