/* listen.h - UNIX sockets with their rights
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_LISTEN_H
#define SDR_MILTER_LISTEN_H

#include <stdbool.h>

#include "config.h"

/* MTAs open a connection for every SMTP client. */
enum { LISTEN_BACKLOG = 512 };

/* Give the socket at PATH the group and the mode of OPTIONS. False, said, if
 * it cannot. */
bool
listen_set_rights(const char *path, const struct sdr_milter_options *options);

/* Make a socket at PATH with its rights, in place of one that is there, and
 * listen. Returns its descriptor; or -1, said. Changes the umask meanwhile:
 * main thread, before there are others. */
int
listen_at(const char *path, const struct sdr_milter_options *options);

#endif
