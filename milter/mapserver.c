/* mapserver.c - see mapserver.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mapserver.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alive.h"
#include "clock.h"
#include "listen.h"
#include "map.h"
#include "netstring.h"
#include "say.h"
#include "service.h"

enum {
    CLIENTS_MAX = 1000,
    PATIENCE = 10, /* seconds */
    STACK = 1024 * 1024,
};

struct client {
    LIST_ENTRY(client) link;
    int fd;
    atomic_int_least64_t idle_since; /* sdr_clock(); 0 while it is served */
};

static char *socket_path; /* NULL: there is none */
static int listener;
static bool be_verbose;

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static unsigned client_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these two */

/* ---- one client ---- */

static void
complain(enum netstring_status status)
{
    switch (status) {
    case NETSTRING_OK:
    case NETSTRING_END:
        return;
    case NETSTRING_LATE:
        say(LOG_WARNING, "map-socket: a client stopped within a question");
        return;
    case NETSTRING_BAD:
        say(LOG_WARNING,
            "map-socket: a client sent no netstring, or one of "
            "more than %d octets",
            NETSTRING_MAX);
        return;
    }
}

static bool
answer_one(int fd, struct map_session *session, const char *text, size_t len)
{
    char answer[MAP_ANSWER_MAX];
    struct sdr *sdr = service_get();
    size_t answer_len = map_answer(sdr, session, be_verbose, text, len, answer);

    sdr_close(&sdr);
    if (netstring_write(fd, answer, answer_len))
        return true;
    say(LOG_WARNING, "map-socket: a client did not take its answer");
    return false;
}

static void
converse(struct client *client)
{
    struct netstring_reader reader = {.fd = client->fd};
    struct map_session session = {""};
    enum netstring_status status;
    char *text = NULL;
    size_t len;

    do {
        if (!netstring_waiting(&reader))
            atomic_store(&client->idle_since, sdr_clock());
        status = netstring_read(&reader, PATIENCE, &text, &len);
        atomic_store(&client->idle_since, 0);
    } while (status == NETSTRING_OK
             && answer_one(client->fd, &session, text, len));
    complain(status);
}

static void
leave(struct client *client)
{
    pthread_mutex_lock(&lock);
    LIST_REMOVE(client, link);
    client_count--;
    close(client->fd);
    pthread_mutex_unlock(&lock);
    free(client);
}

static void *
serve(void *arg)
{
    converse(arg);
    leave(arg);
    return NULL;
}

/* ---- all of them ---- */

static bool
start_thread(void *(*run)(void *), void *arg)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int rc;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    rc = pthread_create(&thread, &attributes, run, arg);
    pthread_attr_destroy(&attributes);
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

static void
take(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE};
    struct client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        close(fd);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    client->fd = fd;
    pthread_mutex_lock(&lock);
    LIST_INSERT_HEAD(&clients, client, link);
    client_count++;
    pthread_mutex_unlock(&lock);
    if (!start_thread(serve, client))
        leave(client);
}

/* Send away who has been idle for longest. Its thread then reads the end. */
static void
make_room(void)
{
    struct client *longest = NULL;
    struct client *client;
    int64_t since = INT64_MAX;

    pthread_mutex_lock(&lock);
    LIST_FOREACH(client, &clients, link)
    {
        int64_t idle = atomic_load(&client->idle_since);

        if (idle != 0 && idle < since) {
            since = idle;
            longest = client;
        }
    }
    if (longest != NULL)
        shutdown(longest->fd, SHUT_RDWR);
    pthread_mutex_unlock(&lock);
}

static bool
is_full(void)
{
    bool full;

    pthread_mutex_lock(&lock);
    full = client_count >= CLIENTS_MAX;
    pthread_mutex_unlock(&lock);
    return full;
}

static void *
accept_loop(void *arg)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};

    (void)arg;
    for (;;) {
        int fd = is_full() ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            take(fd);
        } else { /* too many, or no descriptor is left */
            make_room();
            nanosleep(&moment, NULL);
        }
    }
    return NULL;
}

static bool
listen_as_told(const struct sdr_milter_options *options)
{
    if (options->map_socket == NULL)
        return true;
    listener = listen_at(options->map_socket, options);
    if (listener < 0)
        return false;
    socket_path = strdup(options->map_socket); /* a reload frees that one */
    return socket_path != NULL;
}

bool
mapserver_open(void)
{
    struct sdr *sdr = service_get();
    bool ok = listen_as_told(&sdr_get_config(sdr)->milter);

    sdr_close(&sdr);
    return ok;
}

bool
mapserver_start(bool verbose)
{
    be_verbose = verbose;
    return socket_path == NULL || start_thread(accept_loop, NULL);
}

/* A question that asks no directory and leaves no line in the log. While there
 * is no room it has to wait, for as long as the directory lets others wait. */
bool
mapserver_is_alive(void)
{
    static const char question[] = "7:Alias0 ,";

    return socket_path == NULL || is_full()
           || alive_at(socket_path, question, sizeof question - 1);
}

void
mapserver_end(void)
{
    if (socket_path != NULL)
        unlink(socket_path);
}
