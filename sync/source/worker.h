/* worker.h - the thread that keeps the copy of one directory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of the program that a method needs. A method runs in its own thread
 * until it has to stop, recovers from its own failures, and reports them here.
 */
#ifndef SYNC_WORKER_H
#define SYNC_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "source/bad_values.h"
#include "ldap/access.h"
#include "status.h"
#include "store/store.h"

struct worker {
    /* Set before the start, and constant. */
    const struct sdr_config *config;
    unsigned directory;
    void (*method)(struct worker *worker);
    struct store *store;
    bool once; /* update the copy once, then end */
    bool verbose;
    /* Shared with the main thread. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the next two have changed */
    bool stop, ended;
    int socket;               /* of the connection it waits for; -1: none */
    _Atomic int64_t alive_at; /* sdr_clock() of the last sign of life */
    /* The method's own. */
    enum sdr_status status; /* how it ended */
    struct sdr_access_seen seen;
    int64_t ahead_since; /* sdr_clock(): the copy is newer than what its server
                            has; 0: it is not */
    uint32_t holding;    /* SDR_RECORD_HOLDS_..., as last logged */
    bool well;
    struct sdr_error complaint; /* the failure last logged */
    struct bad_values bad_values;
};

/* Start a thread that runs the method of the directory. Returns false, and
 * logs, on failure. */
bool
worker_start(struct worker *worker);

/* Request the worker to stop, without waiting. */
void
worker_stop(struct worker *worker);

/* Shut down the worker's connection: a server may take a minute to answer. */
void
worker_cut(struct worker *worker);

/* Wait until the worker's method has ended, at most MILLISECONDS. Returns true
 * if it has ended. */
bool
worker_ended(struct worker *worker, unsigned milliseconds);

/* Free the resources of worker_start(), after the method has ended. */
void
worker_finish(struct worker *worker);

/* ---- for methods ---- */

/* Returns the options of the worker's directory. */
const struct sdr_directory_options *
worker_directory(const struct worker *worker);

/* Returns true if the worker has to end. Also shows that it is alive: must be
 * called every few seconds. */
bool
worker_stopping(struct worker *worker);

/* Wait MILLISECONDS, or until the worker has to end. */
void
worker_sleep(struct worker *worker, unsigned milliseconds);

/* Set the socket of the server that the worker waits for; -1 for none, before
 * the socket is closed. */
void
worker_waits_for(struct worker *worker, int socket);

/* Log that the directory cannot be read, and why. The same reason is logged
 * only once; nothing is logged if the worker has to end. */
void
worker_failed(struct worker *worker, const struct sdr_error *error);

/* Log that the directory can be read. */
void
worker_well(struct worker *worker);

/* Log what a commit has done about losses and moves. */
void
worker_outcome(struct worker *worker, const struct store_outcome *outcome);

/* Log something that an administrator should know and that does not affect
 * mail. */
SDR_PRINTF(2, 3)
void
worker_warn(const struct worker *worker, const char *format, ...);

/* Log what it is doing, if the program is verbose. */
SDR_PRINTF(2, 3)
void
worker_log(const struct worker *worker, const char *format, ...);

#endif
