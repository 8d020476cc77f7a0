/* listen.h - the sockets that MTAs connect to
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_LISTEN_H
#define SDR_MILTER_LISTEN_H

#include <stdbool.h>

#include "config/config.h"

/* MTAs open a connection for every SMTP client. Postfix does not wait for a
 * slot in the backlog: without one it defers. The kernel's limit holds, which
 * is 4096 by default (net.core.somaxconn). */
enum { LISTEN_BACKLOG = 4096 };

/* Give the UNIX socket at PATH the group and the mode of OPTIONS. False, said,
 * if it cannot. */
bool
listen_set_access(const char *path, const struct sdr_milter_options *options);

/* Say so if SOCKET is an address that other hosts can connect to. OPTION names
 * it in the log. */
void
listen_warn(const char *option, const char *socket);

/* Listen at SOCKET: at an address (net/inet.h), or at a path, with the group
 * and the mode of OPTIONS, in place of a socket that is there. Returns its
 * descriptor; or -1, said. Changes the umask for a while: main thread, before
 * there are others. */
int
listen_at(const char *socket, const struct sdr_milter_options *options);

/* Remove the path of SOCKET, if it is one. */
void
listen_remove(const char *socket);

#endif
