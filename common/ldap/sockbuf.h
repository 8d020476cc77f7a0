/* sockbuf.h - the octets of an LDAP connection, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap has time limits for most waits, but not for a message or a TLS record
 * that arrives in part: then it stays in read(2) as long as the server wants.
 * So its octets go through this module, where every wait ends and no write
 * raises SIGPIPE.
 */
#ifndef SDR_SOCKBUF_H
#define SDR_SOCKBUF_H

#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* Make a handle over the connected socket FD; URI has the scheme and name of
 * the server; nothing is sent. Returns SDR_OK, and the socket belongs to the
 * handle; or SDR_TEMPFAIL with the reason, and it is closed. */
enum sdr_status SDR_MUST_USE
sdr_sockbuf_open(LDAP **ld, int fd, const char *uri, int64_t deadline,
                 struct sdr_error *error);

/* From now on a read or write fails that would wait beyond DEADLINE. */
void
sdr_sockbuf_deadline(LDAP *ld, int64_t deadline);

#endif
