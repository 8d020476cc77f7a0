/* server_kind.h - what kind of server a connection leads to
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Servers differ in how they answer a reader without access: each kind has its
 * own proof that owner, routing address and hold can be read (access.h). The
 * kind is found out once for each connection, from the root entry.
 *
 * OpenLDAP as a proxy (back-ldap, back-meta) has a root entry of its own. What
 * is behind it is found out by a control that only OpenLDAP knows, the No-Op of
 * its developers (LDAP_CONTROL_NOOP): if critical, any other server refuses.
 * back-meta is recognised because it does not support pages. A tree may be
 * glued from several servers, of which one that refuses a search is silently
 * left out: so the control goes with searches for one entry only. What is
 * OpenLDAP at both ends of a back-ldap counts as OpenLDAP: its proofs are about
 * what the client is shown, too.
 */
#ifndef SDR_SERVER_KIND_H
#define SDR_SERVER_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/connection.h"
#include "status.h"

/* How a kind of server proves that an attribute can be read. */
enum sdr_proof {
    SDR_PROOF_MUST_SEE,        /* it does not: only by the option must-see */
    SDR_PROOF_COMPARE,         /* by the result code of a compare */
    SDR_PROOF_SCHEMA,          /* by the schema, and a user who shows a value */
    SDR_PROOF_EFFECTIVE_RIGHTS /* by the control Get Effective Rights */
};

/* In words, for a person. */
const char *
sdr_server_name(enum sdr_server_kind kind);

/* How this server proves it. */
enum sdr_proof
sdr_server_proof(const struct sdr_server_facts *server);

/* Active Directory, or Samba as one. */
bool
sdr_server_is_ad(enum sdr_server_kind kind);

/* Find out what the server is, unless it is known; sdr_connection_server() has
 * it then. A server that does not say is SDR_SERVER_OTHER. Returns SDR_OK, or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_server_detect(struct sdr_connection *connection, struct sdr_error *error);

#endif
