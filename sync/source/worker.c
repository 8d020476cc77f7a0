/* worker.c - see worker.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/worker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "net/clock.h"
#include "store/guard.h"
#include "log.h"
#include "say.h"

/* How often a sleeping worker shows that it is alive (milliseconds). */
enum { NAP_MS = 1000 };

/* ---- the thread ---- */

static struct timespec
boot_time_of(int64_t clock)
{
    return (struct timespec){.tv_sec = clock / 1000,
                             .tv_nsec = clock % 1000 * 1000000};
}

static void *
run(void *arg)
{
    struct worker *worker = arg;

    worker->method(worker);
    pthread_mutex_lock(&worker->lock);
    worker->ended = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

bool
worker_start(struct worker *worker)
{
    pthread_condattr_t attributes;
    int rc;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    worker->socket = -1;
    worker->alive_at = sdr_clock();
    rc = pthread_create(&worker->thread, NULL, run, worker);
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

void
worker_stop(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void
worker_cut(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->socket >= 0)
        shutdown(worker->socket, SHUT_RDWR);
    pthread_mutex_unlock(&worker->lock);
}

void
worker_waits_for(struct worker *worker, int socket)
{
    pthread_mutex_lock(&worker->lock);
    worker->socket = socket;
    pthread_mutex_unlock(&worker->lock);
}

bool
worker_ended(struct worker *worker, unsigned milliseconds)
{
    struct timespec time = boot_time_of(sdr_clock() + milliseconds);
    bool ended;
    int rc = 0;

    pthread_mutex_lock(&worker->lock);
    while (!worker->ended && rc == 0)
        rc = pthread_cond_timedwait(&worker->changed, &worker->lock, &time);
    ended = worker->ended;
    pthread_mutex_unlock(&worker->lock);
    return ended;
}

void
worker_finish(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
}

const struct sdr_directory_options *
worker_directory(const struct worker *worker)
{
    return &worker->config->directories[worker->directory];
}

bool
worker_stopping(struct worker *worker)
{
    bool stop;

    worker->alive_at = sdr_clock();
    pthread_mutex_lock(&worker->lock);
    stop = worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return stop;
}

static void
nap(struct worker *worker, int64_t until)
{
    struct timespec time = boot_time_of(until);

    pthread_mutex_lock(&worker->lock);
    if (!worker->stop)
        pthread_cond_timedwait(&worker->changed, &worker->lock, &time);
    pthread_mutex_unlock(&worker->lock);
}

void
worker_sleep(struct worker *worker, unsigned milliseconds)
{
    int64_t end = sdr_clock() + milliseconds;

    while (!worker_stopping(worker) && sdr_clock() < end) {
        int64_t next = sdr_clock() + NAP_MS;

        nap(worker, next < end ? next : end);
    }
}

/* ---- logging ---- */

void
worker_failed(struct worker *worker, const struct sdr_error *error)
{
    char clean[sizeof error->text];

    if (worker_stopping(worker))
        return;
    sdr_log_clean(clean, sizeof clean, error->text, strlen(error->text), "");
    if (!worker->well && strcmp(worker->complaint.text, clean) == 0)
        return;
    say(LOG_ERR, "directory %s: %s", worker_directory(worker)->name, clean);
    worker->well = false;
    sdr_error_set(&worker->complaint, "%s", clean);
    store_note(worker->store, worker->directory, clean);
}

void
worker_well(struct worker *worker)
{
    if (worker->well)
        return;
    worker->well = true;
    say(LOG_NOTICE, "directory %s: up to date", worker_directory(worker)->name);
    store_note(worker->store, worker->directory, NULL);
}

static void
log_holding(const char *name, const struct store_outcome *outcome)
{
    if ((outcome->holding & SDR_RECORD_HOLDS_LOSSES) != 0)
        say(LOG_ERR,
            "directory %s: too much would be lost: %" PRIu64 " of %" PRIu64
            " entries within %d minutes are gone or lost an address or their "
            "owner; %" PRIu64 " held back, see sdrctl sync accept",
            name, outcome->lost, outcome->of, GUARD_WINDOW / 60, outcome->held);
    if ((outcome->holding & SDR_RECORD_HOLDS_MOVES) != 0)
        say(LOG_ERR,
            "directory %s: too many would move: %" PRIu64 " of %" PRIu64
            " entries within %d minutes got another owner; %" PRIu64
            " held back, see sdrctl sync accept",
            name, outcome->moving, outcome->of, GUARD_WINDOW / 60,
            outcome->held);
}

void
worker_outcome(struct worker *worker, const struct store_outcome *outcome)
{
    const char *name = worker_directory(worker)->name;

    if ((outcome->holding & ~worker->holding) != 0)
        log_holding(name, outcome);
    else if (outcome->holding == 0 && worker->holding != 0)
        say(LOG_NOTICE, "directory %s: nothing is held back any more", name);
    worker->holding = outcome->holding;
    if (outcome->mass_move != 0)
        say(LOG_WARNING,
            "directory %s: many entries moved: %" PRIu64 " of %" PRIu64
            " entries within %d minutes got another owner",
            name, outcome->mass_move, outcome->entries, GUARD_WINDOW / 60);
}

SDR_PRINTF(3, 0)
static void
say_of(const struct worker *worker, int priority, const char *format,
       va_list args)
{
    char text[1024], clean[1024];

    vsnprintf(text, sizeof text, format, args);
    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    say(priority, "directory %s: %s", worker_directory(worker)->name, clean);
}

void
worker_warn(const struct worker *worker, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_of(worker, LOG_WARNING, format, args);
    va_end(args);
}

void
worker_log(const struct worker *worker, const char *format, ...)
{
    va_list args;

    if (!worker->verbose)
        return;
    va_start(args, format);
    say_of(worker, LOG_DEBUG, format, args);
    va_end(args);
}
