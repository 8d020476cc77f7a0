/* connect.h - connecting a socket within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_CONNECT_H
#define SDR_CONNECT_H

#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

/* Connect to HOST, trying its addresses in turn. A silent one leaves time for
 * the others. Returns SDR_OK and in *FD a connected socket that the caller
 * closes, non-blocking and close-on-exec, with TCP keepalive; or SDR_TEMPFAIL
 * with the reason. Any thread, after sdr_resolve_init(). */
enum sdr_status SDR_MUST_USE
sdr_connect(const char *host, uint16_t port, int64_t deadline, int *fd,
            struct sdr_error *error);

/* Connect to this address. Returns as sdr_connect(). */
enum sdr_status SDR_MUST_USE
sdr_connect_address(const struct sockaddr *address, socklen_t len,
                    int64_t deadline, int *fd, struct sdr_error *error);

/* Drop the connection if the peer's kernel acknowledges nothing for MS
 * milliseconds: a firewall or a load balancer has dropped it. A peer that is
 * only slow to answer is not affected. */
void
sdr_connect_limit_silence(int fd, unsigned ms);

/* Connect to the UNIX socket at PATH. Returns as sdr_connect(). */
enum sdr_status SDR_MUST_USE
sdr_connect_unix(const char *path, int64_t deadline, int *fd,
                 struct sdr_error *error);

#endif
