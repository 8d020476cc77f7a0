/* service.c - see service.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "service.h"

#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "net/clock.h"
#include "configuration.h"
#include "copyname.h"
#include "metrics.h"
#include "descriptors.h"
#include "engine.h"
#include "listen.h"
#include "prometheus.h"
#include "socketmap_server.h"
#include "notify.h"
#include "say.h"
#include "server.h"
#include "signals.h"

enum { TICK_MS = 1000, HOUR_MS = 3600 * 1000 };

static struct server *for_tables; /* NULL: no tables */

/* ---- periodic tasks ---- */

/* Returns the interval of keep-alive messages to the service manager in
 * milliseconds, a third of what it requires (sd_watchdog_enabled(3)); 0: none
 * required. */
static int64_t
watchdog_interval(void)
{
    const char *microseconds = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    unsigned long long third;

    if (microseconds == NULL
        || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    third = strtoull(microseconds, NULL, 10) / 3 / 1000;
    return third < TICK_MS   ? TICK_MS
           : third > HOUR_MS ? HOUR_MS
                             : (int64_t)third;
}

/* Send a keep-alive message if our sockets answer. Returns false if they do
 * not. */
static bool
feed_the_watchdog(void)
{
    if (!engine_is_alive() || !server_is_alive(for_tables))
        return false;
    notify("WATCHDOG=1");
    return true;
}

static void
fill_metrics(FILE *page, void *arg)
{
    milter_metrics_write(page, arg);
}

static void
write_metrics(void)
{
    struct sdr *sdr = configuration_get();
    const char *path = sdr_get_config(sdr)->milter.metrics_file;

    if (path != NULL)
        metrics_write(path, fill_metrics, sdr);
    sdr_close(&sdr);
}

/* ---- the life of the program ---- */

static bool
open_sockets(const struct sdr_milter_options *options)
{
    listen_warn("socket", options->socket);
    if (!engine_open(options))
        return false;
    if (options->map_socket == NULL)
        return true;
    listen_warn("map-socket", options->map_socket);
    if (!copyname_start(options))
        return false;
    for_tables = server_open(&socketmap_server, options->map_socket, options);
    return for_tables != NULL;
}

static bool
start_serving(const struct sdr_config *config)
{
    struct descriptors share = descriptors_share(config);

    return engine_start(share.milter)
           && (for_tables == NULL || server_start(for_tables, share.tables));
}

/* The last time of each task. */
struct done {
    int64_t fed, written;
};

/* Run the tasks that are due. A failed keep-alive is tried again at the next
 * tick. */
static void
do_what_is_due(struct done *done, int64_t watchdog)
{
    int64_t now = sdr_clock();

    if (watchdog > 0 && now - done->fed >= watchdog && feed_the_watchdog())
        done->fed = now;
    if (now - done->written >= METRICS_INTERVAL_S * 1000) {
        done->written = now;
        write_metrics();
    }
}

/* Handle signals until one ends the program. */
static void
obey_signals(const sigset_t *set)
{
    const struct timespec pause = {.tv_sec = TICK_MS / 1000};
    int64_t watchdog = watchdog_interval();
    struct done done = {-HOUR_MS, -HOUR_MS};

    for (;;) {
        int got = sigtimedwait(set, NULL, &pause);

        if (got == SIGUSR1 || (got == SIGHUP && !engine_ends_on_hangup)) {
            notify("RELOADING=1");
            configuration_reload();
            notify("READY=1");
        } else if (got >= 0) {
            return;
        }
        do_what_is_due(&done, watchdog);
    }
}

/* Exit without exit(3), whose handlers would unload libldap while threads still
 * query a directory. Their clients reconnect. */
static void
end_at_once(int code)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(code);
}

static bool
start(void)
{
    struct sdr *sdr = configuration_get();
    const struct sdr_config *config = sdr_get_config(sdr);
    bool ok = open_sockets(&config->milter) && start_serving(config);

    sdr_close(&sdr);
    return ok;
}

int
service_run(void)
{
    int code = EX_OSERR;
    sigset_t set;
    bool ended;

    signals_block(&set);
    if (start()) {
        say(LOG_NOTICE, "sdr-milter " SDR_VERSION " is ready%s", engine_name);
        notify("READY=1");
        obey_signals(&set);
        notify("STOPPING=1");
        code = EX_OK;
    }
    ended = engine_end();
    ended = server_end(&for_tables) && ended;
    if (!ended)
        end_at_once(code);
    return code;
}
