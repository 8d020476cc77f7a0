/* service.c - see service.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "service.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "accept.h"
#include "net/clock.h"
#include "config/config.h"
#include "prometheus.h"
#include "notify.h"
#include "metrics.h"
#include "say.h"
#include "signals.h"
#include "servers.h"
#include "source/ldif_file.h"
#include "store/store.h"
#include "source/worker.h"

/* A worker without a sign of life for this long is stuck (milliseconds): longer
 * than any look-up, commit or wait. */
enum { STUCK_MS = 180 * 1000 };

/* How long a worker may take to stop before its wait is interrupted
 * (milliseconds). */
enum { WAIT_MS = 1000 };

/* How often dead readers are removed (seconds). */
enum { TIDY_S = 60 };

enum { SECOND_MS = 1000 };

static const char *config_path;
static bool is_verbose;
static struct sdr_config *config;
static struct store *store;
static struct worker *workers; /* one for each directory */
static unsigned running;       /* number of workers started */

/* ---- configuration ---- */

static enum sdr_status
load(struct sdr_config **loaded)
{
    int priority = LOG_ERR;
    struct sdr_trace mistakes = {say_line, &priority};
    enum sdr_status status = sdr_config_load(loaded, config_path, &mistakes);

    if (status == SDR_OK && (*loaded)->replica.path == NULL) {
        say(LOG_ERR,
            "%s: no replica is configured: add a section [replica] with path = "
            "FILE",
            config_path);
        sdr_config_free(loaded);
        status = SDR_CONFIG;
    }
    if (status == SDR_TEMPFAIL)
        say(LOG_ERR, "%s: no memory", config_path);
    return status;
}

enum sdr_status
service_load(const char *path, bool verbose)
{
    config_path = path;
    is_verbose = verbose;
    return load(&config);
}

void
service_unload(void)
{
    store_close(&store);
    sdr_config_free(&config);
}

static bool
open_store(struct store **opened, const struct sdr_config *of)
{
    struct sdr_error error;

    if (store_open(opened, of, &error) == SDR_OK) {
        if (store_was_made_anew(*opened))
            say(LOG_WARNING,
                "%s: damaged or written by another version; rebuilding it",
                of->replica.path);
        return true;
    }
    say(LOG_ERR, "%s", error.text);
    return false;
}

/* ---- workers ---- */

/* Send a keep-alive message to the service manager if all workers are alive. */
static void
feed_the_watchdog(void)
{
    int64_t now = sdr_clock();

    for (unsigned i = 0; i < running; i++) {
        if (now - workers[i].alive_at > STUCK_MS)
            return;
    }
    notify("WATCHDOG=1");
}

/* Wait until the worker has ended. CUT: interrupt its wait for a server. */
static void
wait_for(struct worker *worker, bool cut)
{
    while (!worker_ended(worker, WAIT_MS)) {
        if (cut)
            worker_cut(worker);
        feed_the_watchdog();
    }
}

static void
stop_workers(void)
{
    for (unsigned i = 0; i < running; i++)
        worker_stop(&workers[i]);
    for (; running > 0; running--) {
        wait_for(&workers[running - 1], true);
        worker_finish(&workers[running - 1]);
    }
    free(workers);
    workers = NULL;
}

static bool
start_workers(bool once)
{
    workers = calloc(config->directory_count, sizeof *workers);
    for (unsigned i = 0; workers != NULL && i < config->directory_count; i++) {
        workers[i] = (struct worker){
            .config = config,
            .directory = i,
            .method = config->directories[i].ldif_path != NULL ? ldif_run
                                                               : servers_run,
            .store = store,
            .once = once,
            .verbose = is_verbose,
            .status = SDR_TEMPFAIL};
        if (worker_start(&workers[i]))
            running++;
        else
            stop_workers();
    }
    return workers != NULL;
}

/* ---- running ---- */

/* Open the store of the new configuration; before the old one is closed, unless
 * it is the same file. */
static bool
change_store(const struct sdr_config *fresh)
{
    struct store *opened = NULL;

    if (strcmp(fresh->replica.path, config->replica.path) == 0)
        store_close(&store);
    if (!open_store(&opened, fresh))
        return false;
    store_close(&store);
    store = opened;
    return true;
}

/* Returns false on a fatal error. */
static bool
reload(void)
{
    struct sdr_config *fresh = NULL;

    if (load(&fresh) != SDR_OK) {
        say(LOG_ERR, "keeping the old configuration");
        return true;
    }
    stop_workers();
    if (change_store(fresh)) {
        sdr_config_free(&config);
        config = fresh;
        say(LOG_NOTICE, "configuration reloaded");
    } else {
        say(LOG_ERR, "keeping the old configuration");
        sdr_config_free(&fresh);
    }
    return (store != NULL || open_store(&store, config))
           && start_workers(false);
}

/* Returns false on a fatal error. */
static bool
make_store_anew(void)
{
    say(LOG_ERR, "%s: removed or damaged; rebuilding it", config->replica.path);
    stop_workers();
    store_close(&store);
    return open_store(&store, config) && start_workers(false);
}

/* Returns false on a fatal error. */
static bool
look_after(unsigned second)
{
    if (store_is_lost(store) && !make_store_anew())
        return false;
    accept_look(store, config);
    if (second % TIDY_S == 0)
        store_tidy(store);
    if (second % METRICS_INTERVAL_S == 1)
        sync_metrics_write(store, config);
    feed_the_watchdog();
    return true;
}

/* Run until a signal says to stop. Returns false on a fatal error. */
static bool
loop(const sigset_t *set)
{
    const struct timespec second = {.tv_sec = 1};
    int64_t looked_at = sdr_clock();
    unsigned seconds = 0;

    for (;;) {
        int got = sigtimedwait(set, NULL, &second);

        if (got == SIGUSR1 || got == SIGHUP) {
            notify("RELOADING=1");
            if (!reload())
                return false;
            notify("READY=1");
        } else if (got >= 0) {
            return true;
        }
        /* Also after a signal: signals may arrive without a pause. */
        if (got < 0 || sdr_clock() - looked_at >= SECOND_MS) {
            looked_at = sdr_clock();
            if (!look_after(++seconds))
                return false;
        }
    }
}

int
service_run(void)
{
    sigset_t set;
    bool ok;

    signals_block(&set);
    signal(SIGPIPE, SIG_IGN);
    if (!open_store(&store, config) || !start_workers(false))
        return EX_OSERR;
    say(LOG_NOTICE, "sdr-sync is ready");
    notify("READY=1");
    ok = loop(&set);
    notify("STOPPING=1");
    stop_workers();
    return ok ? EX_OK : EX_OSERR;
}

int
service_run_once(void)
{
    int code = EX_OK;
    sigset_t set;

    signals_block(&set);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* no clean-up is needed */
    if (!open_store(&store, config))
        return EX_OSERR;
    accept_look(store, config);
    if (!start_workers(true))
        return EX_OSERR;
    for (unsigned i = 0; i < config->directory_count; i++) {
        wait_for(&workers[i], false);
        if (workers[i].status != SDR_OK)
            code = EX_TEMPFAIL;
    }
    stop_workers();
    return code;
}
