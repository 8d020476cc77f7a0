/* pool.h - the connections to a directory's servers, and what is known of these
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For tour.h, which says how to use it. Whoever looks at a server, or at a
 * place that is not his own, holds the lock.
 */
#ifndef SDR_POOL_H
#define SDR_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "connection.h"
#include "count.h"
#include "rights.h"
#include "sight.h"
#include "status.h"

/* A place for a connection. It belongs to the thread that took it. */
struct sdr_place {
    const char *uri;
    struct sdr_connection *connection; /* NULL: to be opened */
    struct sdr_sight sight;
    struct sdr_rights rights;
    struct sdr_rights_seen *seen; /* at its server */
    int64_t until; /* when the taker's time with this server is over */
    struct sdr_server *server;
    bool busy;
    int64_t used_at;
};

struct sdr_server {
    struct sdr_place *places;
    struct sdr_rights_seen seen;
    int64_t failed_at;   /* 0: it is well */
    int64_t tried_until; /* the end of a trial under way */
    unsigned opening;    /* threads that connect to it */
    unsigned waiting;    /* threads that want a place */
    bool accepted;       /* it took the account, and was not lost since */
    int64_t refused_at;  /* 0: it took it since */
    struct sdr_error refusal;
    unsigned long long asked, failed[SDR_TROUBLES];
    pthread_cond_t changed; /* a place is free, or a server well or failed */
};

struct sdr_pool {
    const struct sdr_directory_options *options;
    struct sdr_server *servers;
    unsigned refusals; /* since a server took the account */
    pthread_mutex_t lock;
    pthread_cond_t opened; /* a thread has come to an end of connecting */
    pid_t pid;
};

/* Make a pool for the directory, which it borrows; nothing is opened. NULL
 * without memory. */
struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options) SDR_MUST_USE;

/* Close all connections, free it and set the pointer to NULL; NULL is fine. No
 * tour may be under way. */
void
sdr_pool_free(struct sdr_pool **pool);

/* To be called first wherever it may be a child of the process that made the
 * pool: drops what that had open, without a word. */
void
sdr_pool_after_fork(struct sdr_pool *pool);

/* The best place of the server: the open one that was used last, else one that
 * is not open; NULL if none is free. Closes those that rested too long. */
struct sdr_place *
sdr_pool_find(const struct sdr_pool *pool, struct sdr_server *server);

/* How many of the server's places nobody has. */
unsigned
sdr_pool_free_places(const struct sdr_pool *pool,
                     const struct sdr_server *server);

/* Open the place, which is the caller's own, by its time. While it is not known
 * whether the server takes the account, one thread at a time tries; never more
 * try, all servers together, than may be refused; and if it was refused it was
 * for all that wait. Returns SDR_OK, or SDR_TEMPFAIL with the reason. Takes the
 * lock. */
enum sdr_status SDR_MUST_USE
sdr_pool_open(struct sdr_pool *pool, struct sdr_place *place,
              struct sdr_error *error);

/* Hand on what has been counted of each server. Takes the lock. */
void
sdr_pool_count(struct sdr_pool *pool,
               void (*server)(void *arg, const struct sdr_server_count *count),
               void *arg);

/* Close what rests of a server that is gone. */
void
sdr_pool_drop_idle(const struct sdr_pool *pool, struct sdr_server *server);

/* Close what the place has open. It is the caller's own. */
void
sdr_place_close(struct sdr_place *place);

/* True if the server must not be asked, lest the account be locked. */
bool
sdr_pool_is_refused(const struct sdr_pool *pool,
                    const struct sdr_server *server);

/* Say so. */
void
sdr_pool_tell_refused(const struct sdr_server *server, struct sdr_error *error);

#endif
