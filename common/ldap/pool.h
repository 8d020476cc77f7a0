/* pool.h - the connections to a directory's servers, and their state
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by failover.h, which explains how. Hold the lock to access a server, or
 * another thread's slot.
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
    int64_t until; /* when the owner must be done with this server */
    struct sdr_server *server;
    bool busy;
    int64_t used_at;
};

struct sdr_server {
    struct sdr_slot *slots;
    struct sdr_access_seen seen;
    int64_t failed_at;   /* 0: healthy */
    int64_t tried_until; /* the end of the current trial */
    unsigned opening;    /* threads that are connecting */
    unsigned waiting;    /* threads waiting for a slot */
    bool accepted;       /* has accepted the account, and was not lost since */
    int64_t refused_at;  /* 0: has accepted it since */
    struct sdr_error refusal;
    unsigned long long asked, failed[SDR_TROUBLES];
    pthread_cond_t changed; /* a slot became free, or a server changed state */
};

struct sdr_pool {
    const struct sdr_directory_options *options;
    struct sdr_server *servers;
    unsigned refusals; /* since a server accepted the account */
    pthread_mutex_t lock;
    pthread_cond_t opened; /* a thread has finished connecting */
    pid_t pid;
};

/* Create a pool for the directory, which is borrowed; opens no connection.
 * Returns NULL without memory. */
struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options) SDR_MUST_USE;

/* Close all connections, free the pool and set the pointer to NULL. Does
 * nothing if it is NULL. No look-up may be under way. */
void
sdr_pool_free(struct sdr_pool **pool);

/* Drop the parent's connections, without sending anything, if this is a child
 * of the process that created the pool. Must be called before any other use. */
void
sdr_pool_after_fork(struct sdr_pool *pool);

/* Returns the best free slot of the server: the open one that was used last,
 * otherwise one that is not open; NULL if none is free. Closes connections that
 * were idle too long. */
struct sdr_slot *
sdr_pool_find(const struct sdr_pool *pool, struct sdr_server *server);

/* Returns the number of the server's free slots. */
unsigned
sdr_pool_free_slots(const struct sdr_pool *pool,
                    const struct sdr_server *server);

/* Open the slot, which the caller owns, by its deadline. Until the server has
 * accepted the account, one thread at a time tries. At all servers together, no
 * more threads try than refusals are allowed. One refusal counts for all
 * threads that wait. Returns as sdr_session_open(). Takes the lock. */
enum sdr_status SDR_MUST_USE
sdr_pool_open(struct sdr_pool *pool, struct sdr_slot *slot,
              struct sdr_error *error);

/* Call SERVER with ARG for the counters of each server. Takes the lock. */
void
sdr_pool_count(struct sdr_pool *pool,
               void (*server)(void *arg, const struct sdr_server_count *count),
               void *arg);

/* Close the idle connections of a server that was lost. */
void
sdr_pool_drop_idle(const struct sdr_pool *pool, struct sdr_server *server);

/* Returns true if the server must not be asked, to avoid locking the account.
 */
bool
sdr_pool_is_refused(const struct sdr_pool *pool,
                    const struct sdr_server *server);

/* Set the error to the refusal and how to end the wait. */
void
sdr_pool_explain_refused(const struct sdr_server *server,
                         struct sdr_error *error);

#endif
