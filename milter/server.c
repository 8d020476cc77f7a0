/* server.c - see server.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "listen.h"
#include "self_probe.h"
#include "say.h"
#include "thread.h"

enum {
    TICK_MS = 1000, /* between two checks of the connections */
    FULL_MS = 100,  /* between two attempts to make room */
};

struct server {
    const struct server_manner *manner;
    char *path;
    int listener;
    int alarm; /* readable: a self-probe, room again, or the end */
    struct workers *workers;
    pthread_t thread; /* accepts connections */
    bool has_thread;
    atomic_bool is_ending;
    atomic_int self_probe; /* a new connection of our own; or -1 */
};

/* ---- connections ---- */

static void
raise_alarm(void *arg)
{
    const struct server *server = arg;

    (void)!eventfd_write(server->alarm, 1);
}

/* Returns false without memory. */
static bool
take(struct server *server, int fd, bool is_self_probe)
{
    struct client *client = workers_new_client(server->workers);

    if (client == NULL) {
        close(fd);
        return false;
    }
    client->fd = fd;
    client->is_self_probe = is_self_probe;
    workers_add(server->workers, client);
    return true;
}

static void
take_self_probe(struct server *server)
{
    int fd = atomic_exchange(&server->self_probe, -1);

    if (fd >= 0)
        (void)take(server, fd, true);
}

/* Handle a full server: too many clients, or no descriptors or memory. Logs
 * once a minute; *SAID is the time of the last message. */
static void
make_room(struct server *server, int64_t *said)
{
    if (say_is_due(said))
        say(LOG_WARNING,
            "%s: no more connections can be accepted: new connections %s",
            server->manner->name,
            server->manner->sends_away ? "replace idle ones" : "wait");
    if (server->manner->sends_away)
        (void)workers_make_room(server->workers);
}

/* Accept a connection. Returns false if the server is full. */
static bool
take_newcomer(struct server *server)
{
    int fd;

    if (workers_is_full(server->workers))
        return false;
    fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
    return take(server, fd, false);
}

/* Wait for a connection, the alarm or a timeout. WITH_NEWCOMERS: there is room.
 * Returns true if accepting should be tried. */
static bool
wait_for_news(const struct server *server, bool with_newcomers)
{
    struct pollfd news[] = {{.fd = server->alarm, .events = POLLIN},
                            {.fd = server->listener, .events = POLLIN}};
    eventfd_t count;

    if (poll(news, with_newcomers ? 2 : 1, with_newcomers ? TICK_MS : FULL_MS)
        <= 0)
        return !with_newcomers;
    if (news[0].revents != 0)
        (void)!eventfd_read(server->alarm, &count);
    return !with_newcomers || news[1].revents != 0;
}

static void
look_after(struct server *server, int64_t *looked)
{
    int64_t now = sdr_clock();

    if (now - *looked < TICK_MS)
        return;
    *looked = now;
    workers_look_after(server->workers);
}

static void *
accept_loop(void *arg)
{
    struct server *server = arg;
    int64_t said = 0, looked = 0;
    bool room = true;

    while (!atomic_load(&server->is_ending)) {
        bool came = wait_for_news(server, room);

        take_self_probe(server);
        look_after(server, &looked);
        if (came) {
            room = take_newcomer(server);
            if (!room)
                make_room(server, &said);
        }
    }
    return NULL;
}

/* ---- creation ---- */

static void
free_server(struct server *server)
{
    int self_probe = atomic_load(&server->self_probe);

    if (self_probe >= 0)
        close(self_probe);
    if (server->alarm >= 0)
        close(server->alarm);
    free(server->path);
    free(server);
}

struct server *
server_open(const struct server_manner *manner, const char *path,
            const struct sdr_milter_options *options)
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return NULL;
    server->manner = manner;
    atomic_init(&server->self_probe, -1);
    server->alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->path = strdup(path); /* a reload frees the caller's */
    server->listener = -1;
    if (server->alarm >= 0 && server->path != NULL)
        server->listener = listen_at(path, options);
    if (server->listener >= 0
        && fcntl(server->listener, F_SETFL, O_NONBLOCK) == 0)
        return server;
    free_server(server);
    return NULL;
}

bool
server_start(struct server *server, unsigned clients_max)
{
    int rc;

    server->workers =
        workers_open(server->manner, clients_max, raise_alarm, server);
    if (server->workers == NULL)
        return false;
    rc = thread_start(&server->thread, accept_loop, server);
    server->has_thread = rc == 0;
    if (rc != 0)
        say(LOG_ERR, "%s: cannot start a thread that takes connections: %s",
            server->manner->name, strerror(rc));
    return server->has_thread;
}

static void
hand_self_probe(void *arg, int fd)
{
    struct server *server = arg;
    int before = atomic_exchange(&server->self_probe, fd);

    if (before >= 0)
        close(before);
    raise_alarm(server);
}

bool
server_is_alive(struct server *server)
{
    return server == NULL
           || self_probe_is_answered(hand_self_probe, server,
                                     server->manner->question,
                                     server->manner->question_len);
}

static void
stop_listening(struct server *server)
{
    atomic_store(&server->is_ending, true);
    listen_remove(server->path);
    raise_alarm(server);
    if (server->has_thread)
        pthread_join(server->thread, NULL);
    close(server->listener);
}

bool
server_end(struct server **server)
{
    if (*server == NULL)
        return true;
    stop_listening(*server);
    if (!workers_close(&(*server)->workers))
        return false;
    free_server(*server);
    *server = NULL;
    return true;
}
