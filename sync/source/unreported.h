/* unreported.h - which attributes content synchronization does not report
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * RFC 4533 reports entries that a client has modified. A server also shows
 * values that it computes itself: OpenLDAP's overlays memberof and dynlist put
 * people into groups without reporting it.
 */
#ifndef SYNC_UNREPORTED_H
#define SYNC_UNREPORTED_H

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* The longest name of an attribute, with the NUL. */
#define UNREPORTED_NAME_MAX 128

/* Look for an attribute that routing or the directory's filter depends on, and
 * that changes without being reported: memberOf, except in 389 Directory
 * Server, which modifies people; or one that the schema allows the server alone
 * to write, or calls collective. UNREPORTED is its name, "" if there is none.
 * Returns SDR_OK; or SDR_TEMPFAIL with the reason: the connection is lost. */
enum sdr_status SDR_MUST_USE
unreported_find(struct sdr_connection *connection,
                char unreported[UNREPORTED_NAME_MAX], struct sdr_error *error);

#endif
