/* workers.h - threads that serve connections, and the connections that rest
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A connection that says nothing costs no thread: all workers wait for all
 * connections together (epoll), and the one that is woken serves it at once.
 * What a connection wants next may have to wait for a directory, for as long
 * as its timeout. One worker never waits: while all others do, it goes on to
 * answer what needs no directory, ourselves among that, and parks the rest. For
 * what is parked a worker more is started, up to the manner's limit. If the
 * system allows no more threads, it waits until one of them is free.
 *
 * All functions but workers_open() and workers_close(): any thread.
 */
#ifndef SDR_MILTER_WORKERS_H
#define SDR_MILTER_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

struct workers;

/* What a connection wants next. */
enum turn {
    TURN_RESTS, /* nothing: see what serve() has to set */
    TURN_WAITS, /* a worker that may wait */
    TURN_ENDS   /* to be closed */
};

/* What is served; constant. */
struct server_manner {
    const char *name;     /* of the option, for the log */
    size_t client_size;   /* of a struct that begins with a struct client */
    unsigned waiting_max; /* workers that wait at a time */
    bool sends_away;      /* who has rested for longest, to make room */
    int patience_first;   /* seconds for who connects and says nothing; 0: for
                             ever */
    /* Serve it: it has said something, or can take something, or its deadline
     * has come and it is shut down. Unless MAY_WAIT, nothing that takes longer
     * than a moment. */
    enum turn (*serve)(struct client *client, bool may_wait);
    void (*forget)(struct client *client); /* free what serve() made; or NULL */
    const char *question; /* to ourselves: needs no directory and no log */
    size_t question_len;
};

/* Start the first workers, which take no signals that the caller's thread does
 * not. LEFT is called, in a worker, when a connection has been closed after
 * workers_is_full() was true. NULL, said, if it cannot. */
struct workers *
workers_open(const struct server_manner *manner, unsigned clients_max,
             void (*left)(void *arg), void *arg);

/* True if there are as many connections as may be; those to ourselves do not
 * count. */
bool
workers_is_full(struct workers *workers);

/* Memory for one more, all zero; NULL without. */
struct client *
workers_new_client(struct workers *workers);

/* Serve it from now on, its descriptor too. */
void
workers_add(struct workers *workers, struct client *client);

/* Send away who has rested for longest, if that is longer than a second. Its
 * worker answers what it has said until then; what it says later fails as a
 * whole. False if there is none. */
bool
workers_make_room(struct workers *workers);

/* Once a second: give up those whose deadline has come; start what could not be
 * started. */
void
workers_look_after(struct workers *workers);

/* Nobody says anything more. What has been said is answered; true if that took
 * no longer than a second: then all is freed and the pointer NULL. Accepts
 * NULL. */
bool
workers_close(struct workers **workers);

#endif
