/* connect.h - a TCP connection to a host, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_CONNECT_H
#define SDR_CONNECT_H

#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

/* Connect to HOST, each of its addresses in turn. A silent one leaves time for
 * the others. Any thread, after sdr_resolve_init(). Returns SDR_OK and in *fd a
 * connected socket to be closed, non-blocking and close-on-exec, that notices
 * when the peer has vanished; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_connect(const char *host, uint16_t port, int64_t deadline, int *fd,
            struct sdr_error *error);

/* Connect to this one address. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_connect_address(const struct sockaddr *address, socklen_t len,
                    int64_t deadline, int *fd, struct sdr_error *error);

/* Give up the connection if the peer's kernel acknowledges nothing for so long:
 * a firewall or a load balancer has forgotten it. A peer that only needs long
 * for an answer is not affected. */
void
sdr_connect_limit_silence(int fd, unsigned ms);

/* Connect to the UNIX socket at PATH. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_connect_unix(const char *path, int64_t deadline, int *fd,
                 struct sdr_error *error);

#endif
