/* pool.h - the connections to a directory's servers, and what is known of these
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For failover.h, which says how to use it. Whoever looks at a server, or at
 * another thread's slot, holds the lock.
 */
#ifndef SDR_POOL_H
#define SDR_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "ldap/count.h"
#include "ldap/session.h"
#include "status.h"

/* A slot for a connection. It belongs to the thread that took it. */
struct sdr_slot {
    struct sdr_session session;
    int64_t until; /* when the taker must be done with this server */
    struct sdr_server *server;
    bool busy;
    int64_t used_at;
};

struct sdr_server {
    struct sdr_slot *slots;
    struct sdr_access_seen seen;
    int64_t failed_at;   /* 0: it is well */
    int64_t tried_until; /* the end of a trial under way */
    unsigned opening;    /* threads that connect to it */
    unsigned waiting;    /* threads that wait for a slot */
    bool accepted;       /* it accepted the account, and was not lost since */
    int64_t refused_at;  /* 0: it has accepted it since */
    struct sdr_error refusal;
    unsigned long long asked, failed[SDR_TROUBLES];
    pthread_cond_t changed; /* a slot is free, or a server well or failed */
};

struct sdr_pool {
    const struct sdr_directory_options *options;
    struct sdr_server *servers;
    unsigned refusals; /* since a server accepted the account */
    pthread_mutex_t lock;
    pthread_cond_t opened; /* a thread has finished connecting */
    pid_t pid;
};

/* Make a pool for the directory, which it borrows; nothing is opened. NULL
 * without memory. */
struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options) SDR_MUST_USE;

/* Close all connections, free it and set the pointer to NULL; NULL is fine. No
 * look-up may be under way. */
void
sdr_pool_free(struct sdr_pool **pool);

/* To be called first wherever this may be a child of the process that made the
 * pool: drops the parent's connections silently. */
void
sdr_pool_after_fork(struct sdr_pool *pool);

/* The best slot of the server: the open one that was used last, else one that
 * is not open; NULL if none is free. Closes those that were idle too long. */
struct sdr_slot *
sdr_pool_find(const struct sdr_pool *pool, struct sdr_server *server);

/* How many of the server's slots are free. */
unsigned
sdr_pool_free_slots(const struct sdr_pool *pool,
                    const struct sdr_server *server);

/* Open the slot, which is the caller's own, within its time. While it is not
 * known whether the server accepts the account, one thread at a time tries;
 * never do more threads try, at all servers together, than refusals are
 * allowed; and one refusal counts for all that wait. Results as of
 * sdr_session_open(). Takes the lock. */
enum sdr_status SDR_MUST_USE
sdr_pool_open(struct sdr_pool *pool, struct sdr_slot *slot,
              struct sdr_error *error);

/* Hand on what has been counted of each server. Takes the lock. */
void
sdr_pool_count(struct sdr_pool *pool,
               void (*server)(void *arg, const struct sdr_server_count *count),
               void *arg);

/* Close the idle connections of a server that is gone. */
void
sdr_pool_drop_idle(const struct sdr_pool *pool, struct sdr_server *server);

/* True if the server must not be asked, to avoid locking the account. */
bool
sdr_pool_is_refused(const struct sdr_pool *pool,
                    const struct sdr_server *server);

/* Say so. */
void
sdr_pool_explain_refused(const struct sdr_server *server,
                         struct sdr_error *error);

#endif
