/* worker.h - the thread that keeps the copy of one directory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a method needs to know of the program around it. A method runs in its
 * own thread until it is told to stop, mends its own failures, and says so
 * here.
 */
#ifndef SYNC_WORKER_H
#define SYNC_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "rights.h"
#include "status.h"
#include "store.h"

struct worker {
    /* Set by whoever starts it, and constant. */
    const struct sdr_config *config;
    unsigned directory;
    struct store *store;
    bool once; /* bring it up to date, then end */
    bool verbose;
    /* Shared with whoever watches it. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* what follows */
    bool stop, ended;
    int socket; /* of the connection that it waits for; -1: none */
    _Atomic int64_t alive_at; /* sdr_clock() of the last sign of life */
    /* The method's own. */
    enum sdr_status status; /* how it ended */
    struct sdr_rights_seen seen;
    bool holding;
    bool well;
    struct sdr_error complaint; /* the failure that was told last */
};

/* Start a thread that runs the method of the directory. False if there can be
 * none, which has been said. */
bool
worker_start(struct worker *worker);

/* Tell it to stop, without waiting. */
void
worker_stop(struct worker *worker);

/* Take its connection from it: a server may need a minute for an answer. */
void
worker_cut(struct worker *worker);

/* Wait so long, or until its method has ended: then true. */
bool
worker_ended(struct worker *worker, unsigned milliseconds);

/* Free what worker_start() made, once its method has ended. */
void
worker_finish(struct worker *worker);

/* ---- for methods ---- */

/* The options of its directory. */
const struct sdr_directory_options *
worker_directory(const struct worker *worker);

/* True if it has to end. Also a sign of life: to be called every few seconds
 * at least. */
bool
worker_stopping(struct worker *worker);

/* Wait so long, or until it has to end. */
void
worker_sleep(struct worker *worker, unsigned milliseconds);

/* From now on it waits for the server at the other end of this socket; -1: for
 * none any more, before it is closed. */
void
worker_waits_for(struct worker *worker, int socket);

/* Say that the directory cannot be read now, and why; the same again and again
 * is told once, and nothing if it has to end. */
void
worker_failed(struct worker *worker, const struct sdr_error *error);

/* Say that it can. */
void
worker_well(struct worker *worker);

/* Say what a commit has done about losses. */
void
worker_outcome(struct worker *worker, const struct store_outcome *outcome);

/* Say what an administrator should know and mail does not suffer from. */
SDR_PRINTF(2, 3)
void
worker_warn(const struct worker *worker, const char *format, ...);

/* Say what it is doing, to those who want to know. */
SDR_PRINTF(2, 3)
void
worker_tell(const struct worker *worker, const char *format, ...);

#endif
