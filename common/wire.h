/* wire.h - the octets of an LDAP connection, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap bounds most of what it waits for, yet not a message or a TLS record
 * that comes in part: it then sits in read(2) for as long as the server likes.
 * So it gets its octets from here, where every wait has an end, and no write
 * raises SIGPIPE.
 */
#ifndef SDR_WIRE_H
#define SDR_WIRE_H

#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* Make a handle over the connected socket FD, of whose server URI tells scheme
 * and name; nothing is sent. Returns SDR_OK, and the socket belongs to the
 * handle; or SDR_TEMPFAIL with the reason, and it is closed. */
enum sdr_status SDR_MUST_USE
sdr_wire_open(LDAP **ld, int fd, const char *uri, int64_t deadline,
              struct sdr_error *error);

/* From now on a read or write fails that would wait beyond DEADLINE. */
void
sdr_wire_deadline(LDAP *ld, int64_t deadline);

#endif
