/* server.h - a UNIX socket, and those who serve the connections to it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread takes connections, workers (workers.h) serve them. With as many as
 * there may be, new connections wait in the backlog until one leaves, or until
 * one that rests is sent away.
 */
#ifndef SDR_MILTER_SERVER_H
#define SDR_MILTER_SERVER_H

#include <stdbool.h>

#include "config/config.h"
#include "workers.h"

struct server;

/* Make the socket, with its group and mode. NULL, said, if it cannot. Main
 * thread, before there are others. */
struct server *
server_open(const struct server_manner *manner, const char *path,
            const struct sdr_milter_options *options);

/* Serve up to CLIENTS_MAX connections, in threads that take no signals that the
 * caller's does not. False, said, if it cannot. */
bool
server_start(struct server *server, unsigned clients_max);

/* Whether a question of our own is answered, however many others wait. Takes up
 * to a second. A server that is NULL is as well as can be. Any thread. */
bool
server_is_alive(struct server *server);

/* Unlink the socket, take nothing more from anybody. What has been asked is
 * answered; true if that took no longer than a second, and no thread is left.
 * Accepts NULL. */
bool
server_end(struct server **server);

#endif
