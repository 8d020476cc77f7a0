/* workers.h - threads that serve connections, and the idle connections
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An idle connection needs no thread: all workers wait for all connections
 * together (epoll), and the one that is woken serves it. Serving may have to
 * wait for a directory, up to its timeout. One worker never waits: while all
 * others do, it answers what needs no directory, including our own probes, and
 * parks the other connections. For these another worker is started, up to the
 * manner's limit. If the system allows no more threads, they wait until a
 * worker is free.
 *
 * Any thread may call all functions except workers_open() and workers_close().
 */
#ifndef SDR_MILTER_WORKERS_H
#define SDR_MILTER_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

struct workers;

/* What a connection needs next. */
enum turn {
    TURN_RESTS, /* nothing, it is idle: see struct client */
    TURN_WAITS, /* a worker that may wait */
    TURN_ENDS   /* to be closed */
};

/* The kind of server; constant. */
struct server_manner {
    const char *name;     /* name of the option, for the log */
    size_t client_size;   /* of a struct with a struct client first */
    unsigned waiting_max; /* the most workers that wait */
    bool sends_away;      /* closes the longest idle client when full */
    int patience_first;   /* seconds until a new silent client is closed; 0:
                             never */
    /* Serve a client that can be read or written, or whose deadline has passed
     * and which is shut down. Must not block unless MAY_WAIT. */
    enum turn (*serve)(struct client *client, bool may_wait);
    void (*forget)(struct client *client); /* free what serve() made; or NULL */
    const char *question; /* self-probe: uses no directory and no log */
    size_t question_len;
};

/* Start the first workers, with the caller's signal mask. LEFT is called, in a
 * worker, when a connection has been closed after workers_is_full() was true.
 * Returns NULL, and logs, on failure. */
struct workers *
workers_open(const struct server_manner *manner, unsigned clients_max,
             void (*left)(void *arg), void *arg);

/* Returns true if the limit of connections is reached; our own do not count. */
bool
workers_is_full(struct workers *workers);

/* Allocate a client, all zero. Returns NULL without memory. */
struct client *
workers_new_client(struct workers *workers);

/* Start serving the client. Owns it and its descriptor from now on. */
void
workers_add(struct workers *workers, struct client *client);

/* Close the client that has been idle longest, if that is more than a second.
 * What it has sent so far is answered; what it sends later fails as a whole.
 * Returns false if there is none. */
bool
workers_make_room(struct workers *workers);

/* Close the clients whose deadline has passed, and start workers that could not
 * be started. To be called once a second. */
void
workers_look_after(struct workers *workers);

/* Stop reading from all clients; answer what they have sent. Returns true if
 * that took less than a second: then everything is freed and the pointer is
 * NULL. Accepts NULL. */
bool
workers_close(struct workers **workers);

#endif
