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
#include "status.h"
#include "store.h"

struct worker {
    const struct sdr_config *config;
    unsigned directory;
    struct store *store;
    bool once;    /* bring it up to date, then end */
    bool verbose;
    pthread_t thread;
    atomic_bool stop;
    _Atomic int64_t alive_at;  /* sdr_clock() of the last sign of life */
    enum sdr_status status;    /* of a worker that has ended */
    char complaint[512];       /* the last failure that was told */
};

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

/* Say that the directory cannot be read now, and why; the same again and again
 * is told once. */
void
worker_failed(struct worker *worker, const struct sdr_error *error);

/* Say that it can. */
void
worker_well(struct worker *worker);

/* Say what a commit has done about losses. */
void
worker_outcome(struct worker *worker, const struct store_outcome *outcome);

#endif
