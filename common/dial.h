/* dial.h - a TCP connection to a host, within a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_DIAL_H
#define SDR_DIAL_H

#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

/* Connect to HOST, each of its addresses in turn. A silent one leaves time for
 * the others. Any thread, after sdr_resolve_init(). Returns SDR_OK and in *fd a
 * connected socket to be closed, non-blocking and close-on-exec, that notices a
 * peer which vanished; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
sdr_dial(const char *host, uint16_t port, int64_t deadline, int *fd,
         struct sdr_error *error);

/* Connect to this one address. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_dial_address(const struct sockaddr *address, socklen_t len,
                 int64_t deadline, int *fd, struct sdr_error *error);

/* Connect to the UNIX socket at PATH. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_dial_unix(const char *path, int64_t deadline, int *fd,
              struct sdr_error *error);

#endif
