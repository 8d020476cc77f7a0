/* server_kind.h - the kind of server behind a connection
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Servers differ in how they answer a client without access. Each kind has its
 * own proof that owner, routing address and hold can be read (access.h). The
 * kind is detected once for each connection, from the root DSE.
 *
 * OpenLDAP as a proxy (back-ldap, back-meta) has a root DSE of its own. The
 * server behind it is detected by a control that only OpenLDAP knows, No-Op
 * (LDAP_CONTROL_NOOP): if it is critical, any other server refuses. back-meta
 * is recognised because it does not support paged results. A tree may be glued
 * from several servers, and one that refuses a search is silently left out, so
 * the control is only sent with searches for one entry. A back-ldap proxy for
 * OpenLDAP counts as OpenLDAP: its proofs also apply to what the client is
 * shown.
 */
#ifndef SDR_SERVER_KIND_H
#define SDR_SERVER_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "ldap/connection.h"
#include "status.h"

/* How a kind of server proves that an attribute can be read. */
enum sdr_proof {
    SDR_PROOF_MUST_SEE,        /* not at all: only by the option must-see */
    SDR_PROOF_COMPARE,         /* by the result code of a compare */
    SDR_PROOF_SCHEMA,          /* by the schema, and a visible value */
    SDR_PROOF_EFFECTIVE_RIGHTS /* by the control Get Effective Rights */
};

/* Returns a name for messages. */
const char *
sdr_server_name(enum sdr_server_kind kind);

/* Returns how this server proves that an attribute can be read. */
enum sdr_proof
sdr_server_proof(const struct sdr_server_facts *server);

/* Returns true for Active Directory, and for Samba as a domain controller. */
bool
sdr_server_is_ad(enum sdr_server_kind kind);

/* Detect the kind of server, unless it is known, and store it in
 * sdr_connection_server(). A server that cannot be identified is
 * SDR_SERVER_OTHER. Returns SDR_OK, or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_server_detect(struct sdr_connection *connection, struct sdr_error *error);

#endif
