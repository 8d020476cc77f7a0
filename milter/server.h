/* server.h - a listening socket and the workers for its connections
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread accepts connections, workers (workers.h) serve them. At the limit,
 * new connections wait in the backlog until a client leaves, or until an idle
 * one is closed.
 */
#ifndef SDR_MILTER_SERVER_H
#define SDR_MILTER_SERVER_H

#include <stdbool.h>

#include "config/config.h"
#include "workers.h"

struct server;

/* Create the socket, with its group and mode. Returns NULL, and logs, on
 * failure. Main thread, before there are others. */
struct server *
server_open(const struct server_manner *manner, const char *path,
            const struct sdr_milter_options *options);

/* Serve up to CLIENTS_MAX connections, in threads with the caller's signal
 * mask. Returns false, and logs, on failure. */
bool
server_start(struct server *server, unsigned clients_max);

/* Returns true if the server answers a probe, however many clients wait; also
 * if SERVER is NULL. Takes up to a second. Any thread. */
bool
server_is_alive(struct server *server);

/* Unlink the socket and stop reading. Commands that were received are answered.
 * Returns true if that took less than a second, and no thread is left. Accepts
 * NULL. */
bool
server_end(struct server **server);

#endif
