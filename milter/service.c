/* service.c - see service.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "service.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "net/clock.h"
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

enum { TICK_MS = 1000, HOUR_MS = 3600 * 1000 };

static const char *config_path;
static struct sdr *current;
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_verbose;
static struct server *for_tables; /* NULL: there is none */

/* A milter edits recipients; it cannot name a next hop. Tables can. */
static bool
can_serve(const struct sdr_config *config)
{
    bool ok = true;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery == SDR_BY_NEXT_HOP
            && config->milter.rewrite == SDR_MILTER_REWRITES
            && config->milter.route == SDR_ROUTE_REFUSED) {
            say(LOG_ERR,
                "%s: [site %s]: delivery = route cannot be done by a milter; "
                "if the mail server's transport table does it, say "
                "milter-route = pass",
                config->path, config->sites[i].name);
            ok = false;
        }
    }
    return ok;
}

static enum sdr_status
open_config(struct sdr **sdr)
{
    int priority = LOG_ERR;
    struct sdr_trace mistakes = {say_line, &priority};
    enum sdr_status status = sdr_open(sdr, config_path, &mistakes);

    if (status == SDR_OK && !can_serve(sdr_get_config(*sdr))) {
        sdr_close(sdr);
        status = SDR_CONFIG;
    }
    if (status == SDR_TEMPFAIL)
        say(LOG_ERR, "%s: no memory", config_path);
    return status;
}

enum sdr_status
service_load(const char *path)
{
    config_path = path;
    return open_config(&current);
}

struct sdr *
service_get(void)
{
    struct sdr *sdr;

    pthread_mutex_lock(&current_lock);
    sdr = sdr_ref(current);
    pthread_mutex_unlock(&current_lock);
    return sdr;
}

bool
service_is_verbose(void)
{
    return is_verbose;
}

static bool
differ(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

static bool
sockets_differ(const struct sdr_milter_options *a,
               const struct sdr_milter_options *b)
{
    return differ(a->socket, b->socket) || differ(a->map_socket, b->map_socket)
           || differ(a->socket_group, b->socket_group)
           || differ(a->key_file, b->key_file)
           || a->socket_mode != b->socket_mode;
}

static void
reload(void)
{
    struct sdr *fresh = NULL;
    struct sdr *old;

    if (open_config(&fresh) != SDR_OK) {
        say(LOG_ERR, "keeping the old configuration");
        return;
    }
    pthread_mutex_lock(&current_lock);
    old = current;
    current = fresh;
    pthread_mutex_unlock(&current_lock);
    if (sockets_differ(&sdr_get_config(old)->milter,
                       &sdr_get_config(fresh)->milter))
        say(LOG_WARNING, "the sockets' options have changed: that needs a "
                         "restart");
    sdr_close(&old); /* messages under way hold their own references */
    say(LOG_NOTICE, "configuration reloaded");
}

/* ---- what is done while it serves ---- */

/* How many milliseconds apart the service manager wants signs of life, three
 * times as often as it needs them (sd_watchdog_enabled(3)); 0: it wants none.
 */
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

/* Show that we are alive, if our sockets answer. False if they do not. */
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
    struct sdr *sdr = service_get();
    const char *path = sdr_get_config(sdr)->milter.metrics_file;

    if (path != NULL)
        metrics_write(path, fill_metrics, sdr);
    sdr_close(&sdr);
}

/* ---- the life of the program ---- */

static void
block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static bool
open_sockets(void)
{
    const struct sdr_milter_options *options = &sdr_get_config(current)->milter;

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
start_serving(void)
{
    struct descriptors share = descriptors_share(sdr_get_config(current));

    return engine_start(share.milter)
           && (for_tables == NULL || server_start(for_tables, share.tables));
}

/* When each was done last. */
struct done {
    int64_t fed, written;
};

/* What is due, whatever else goes on. A watchdog that could not be fed is tried
 * again at the next tick. */
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

/* Until a signal ends it. */
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
            reload();
            notify("READY=1");
        } else if (got >= 0) {
            return;
        }
        do_what_is_due(&done, watchdog);
    }
}

/* What exit(3) runs would pull libldap away under threads that still ask a
 * directory. Their clients come again. */
static void
end_at_once(int code)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(code);
}

int
service_run(bool verbose)
{
    int code = EX_OSERR;
    sigset_t set;
    bool ended;

    is_verbose = verbose;
    block_signals(&set);
    if (open_sockets() && start_serving()) {
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

void
service_unload(void)
{
    sdr_close(&current);
}
