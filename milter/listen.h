/* listen.h - the sockets that MTAs connect to
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_LISTEN_H
#define SDR_MILTER_LISTEN_H

#include <stdbool.h>

#include "config/config.h"

/* MTAs open a connection for every SMTP client. Postfix does not wait for a
 * slot in the backlog: without one it defers. The kernel limits it to
 * net.core.somaxconn, 4096 by default. */
enum { LISTEN_BACKLOG = 4096 };

/* Set the group and the mode of the UNIX socket at PATH from OPTIONS. Returns
 * false, and logs, on failure. */
bool
listen_set_access(const char *path, const struct sdr_milter_options *options);

/* Log a warning if other hosts can connect to SOCKET. OPTION is its name in the
 * log. */
void
listen_warn(const char *option, const char *socket);

/* Listen on SOCKET: an address (net/inet.h), or a path, with the group and the
 * mode of OPTIONS, replacing an existing socket. Returns the descriptor; or -1,
 * and logs. Changes the umask temporarily: main thread, before there are
 * others. */
int
listen_at(const char *socket, const struct sdr_milter_options *options);

/* Remove the socket if SOCKET is a path. */
void
listen_remove(const char *socket);

#endif
