/* service.c - see service.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "alive.h"
#include "decide.h"
#include "listen.h"
#include "mapserver.h"
#include "metrics.h"
#include "notify.h"
#include "say.h"

static const char *config_path;
static struct sdr *current;
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sockaddr_un listening; /* does not change with a reload */

/* A milter edits recipients; it cannot name a next hop. */
static bool
can_serve(const struct sdr_config *config)
{
    bool ok = true;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery == SDR_BY_NEXT_HOP
            && config->milter.route == SDR_ROUTE_REFUSED) {
            say(LOG_ERR,
                "%s: [site %s]: delivery = route cannot be done by a milter; "
                "if the MTA's transport table does it, say milter-route = pass",
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

/* libmilter would end by itself: within five seconds, and destroying locks that
 * its threads still take, so that some wait for ever. What exit(3) runs pulls
 * libmilter and libldap away under those threads as well. Messages under way
 * are left in any case; their clients come again. */
void
service_end(int code)
{
    notify("STOPPING=1");
    unlink(listening.sun_path);
    mapserver_end();
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(code);
}

/* What an MTA says first: version 6, all actions, all steps. Then QUIT. */
static const char negotiation[] = "\0\0\0\015O\0\0\0\6\0\0\1\377\0\37\377\377"
                                  "\0\0\0\1Q";

/* Show that we are alive, if our sockets answer. */
static void
tell_the_watchdog(void)
{
    if (alive_at(listening.sun_path, negotiation, sizeof negotiation - 1)
        && mapserver_is_alive())
        notify("WATCHDOG=1");
}

static void
fill_metrics(FILE *page, void *arg)
{
    decide_metrics(page, arg);
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

/* libmilter may leave a peer to a thread that then waits for the rest of what
 * another one says. With somebody new every second, the watchdog's question,
 * it does not wait as long. */
static void *
signal_loop(void *arg)
{
    const struct timespec pause = {.tv_sec = 1};
    unsigned second = 0;

    for (;;) {
        int got = sigtimedwait(arg, NULL, &pause);

        if (got < 0) {
            tell_the_watchdog();
            if (++second % METRICS_INTERVAL_S == 1)
                write_metrics();
        } else if (got == SIGUSR1) {
            notify("RELOADING=1");
            reload();
            notify("READY=1");
        } else {
            service_end(EX_OK);
        }
    }
    return NULL;
}

bool
service_take_signals(void)
{
    static sigset_t set;
    pthread_t thread;
    int rc;

    /* libmilter waits for the last three as well: it takes one that comes
     * while we are busy with a reload. */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    rc = pthread_create(&thread, NULL, signal_loop, &set);
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

bool
service_open_socket(void)
{
    const struct sdr_milter_options *options = &sdr_get_config(current)->milter;
    char *name = NULL;
    mode_t old;
    bool ok;

    if (asprintf(&name, "unix:%s", options->socket) < 0)
        return false;
    smfi_setbacklog(LISTEN_BACKLOG);
    old = umask(0177); /* nobody else connects before the rights are right */
    errno = 0;
    ok =
        smfi_setconn(name) == MI_SUCCESS && smfi_opensocket(true) == MI_SUCCESS;
    if (!ok)
        say(LOG_ERR, "%s: cannot listen: %s", options->socket,
            errno != 0 ? strerror(errno) : "see above");
    umask(old);
    free(name);
    listening.sun_family = AF_UNIX;
    snprintf(listening.sun_path, sizeof listening.sun_path, "%s",
             options->socket);
    return ok && listen_set_rights(options->socket, options);
}

void
service_wake(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    connect(fd, (const struct sockaddr *)&listening, sizeof listening);
    close(fd);
}

void
service_unload(void)
{
    sdr_close(&current);
}
