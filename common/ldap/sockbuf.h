/* sockbuf.h - the socket I/O of an LDAP connection, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap has time limits for most waits, but not for a message or TLS record
 * that arrives in part: it blocks in read(2) as long as the server wants. So
 * its socket I/O is done here, where every wait is bounded and no write raises
 * SIGPIPE. One system call reads as many messages as have arrived. So the
 * socket may have nothing to read although a message is there: ask libldap,
 * never poll() the socket.
 */
#ifndef SDR_SOCKBUF_H
#define SDR_SOCKBUF_H

#include <stdint.h>

#include <ldap.h>

#include "status.h"

/* Create a handle over the connected socket FD. URI has the scheme and name of
 * the server. Sends nothing. Returns SDR_OK, and the handle owns the socket; or
 * SDR_TEMPFAIL with the reason, and the socket is closed. */
enum sdr_status SDR_MUST_USE
sdr_sockbuf_open(LDAP **ld, int fd, const char *uri, int64_t deadline,
                 struct sdr_error *error);

/* Set the deadline: a read or write that would block beyond it fails. */
void
sdr_sockbuf_deadline(LDAP *ld, int64_t deadline);

#endif
