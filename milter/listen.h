/* listen.h - UNIX sockets, their group and mode
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

/* Give the socket at PATH the group and the mode of OPTIONS. False, said, if
 * it cannot. */
bool
listen_set_access(const char *path, const struct sdr_milter_options *options);

/* Make a socket at PATH with its group and mode, in place of one that is there,
 * and listen. Returns its descriptor; or -1, said. Changes the umask for a
 * while: main thread, before there are others. */
int
listen_at(const char *path, const struct sdr_milter_options *options);

#endif
