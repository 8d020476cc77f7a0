/* server.h - a UNIX socket, and a thread for each connection to it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * MTAs keep their connections open, and a question takes as long as the
 * directory does: so each has a thread, of a megabyte of address space and the
 * few pages that it touches. A few threads are kept for who comes next: to
 * start one costs as much as to serve a message. A server that cannot take one
 * more either sends away who has been idle for longest, or lets who comes wait.
 */
#ifndef SDR_MILTER_SERVER_H
#define SDR_MILTER_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config.h"

struct server;

/* A connection, in the hands of its own thread. */
struct client {
    LIST_ENTRY(client) link, come;
    struct server *server;
    int fd;
    atomic_int_least64_t idle_since; /* sdr_clock(); 0 while it is served */
};

/* What is served; constant. */
struct server_manner {
    const char *name; /* of the option, for the log */
    unsigned clients_max;
    bool sends_away;   /* who has been idle for longest, to make room */
    int patience_send; /* seconds for who does not take an answer */
    int patience_idle; /* and for who says nothing; 0: for ever */
    void (*converse)(struct client *client); /* until it or the peer ends */
    const char *question; /* to ourselves: needs no directory and no log */
    size_t question_len;
};

/* Make the socket, with its rights. NULL, said, if it cannot. Main thread,
 * before there are others. */
struct server *
server_open(const struct server_manner *manner, const char *path,
            const struct sdr_milter_options *options);

/* Serve in threads of its own, which take no signals that the caller's does
 * not. False, said, if it cannot. */
bool
server_start(struct server *server);

/* For converse: it waits for the next question, or has got one. Only a client
 * that waits is ever sent away. */
void
client_waits(struct client *client);
void
client_asks(struct client *client);

/* Whether it answers; or is full, and cannot. Takes up to a second. A server
 * that is NULL is as well as can be. Any thread. */
bool
server_is_alive(struct server *server);

/* Unlink the socket, take nothing more from anybody. What has been asked is
 * answered; true if that took no longer than a second, and no thread is left.
 * Accepts NULL. */
bool
server_end(struct server **server);

#endif
