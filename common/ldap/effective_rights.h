/* effective_rights.h - the access that 389 Directory Server reports
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * 389 Directory Server answers a compare with "false" for a missing attribute,
 * and compare access says nothing about read access. But any client may query
 * its own access to an entry, with the Get Effective Rights control, and the
 * schema lists the attributes of the server.
 */
#ifndef SDR_EFFECTIVE_RIGHTS_H
#define SDR_EFFECTIVE_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/connection.h"
#include "status.h"

/* An attribute, and what the server reports about it. */
struct sdr_right {
    const char *name;  /* NULL: do not ask */
    bool read, search; /* result */
    bool unknown;      /* result, if neither: not in the schema */
};

/* Query our access to COUNT attributes of the entry DN. Returns SDR_OK; or
 * SDR_TEMPFAIL with the reason, if the server does not report it. */
enum { SDR_ACCESS_ASKED_MAX = 16 };
enum sdr_status SDR_MUST_USE
sdr_effective_rights(struct sdr_connection *connection, const char *dn,
                     struct sdr_right *access, unsigned count,
                     struct sdr_error *error);

#endif
