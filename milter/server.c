/* server.c - see server.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "server.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "alive.h"
#include "clock.h"
#include "listen.h"
#include "say.h"

enum {
    STACK = 1024 * 1024,
    IDLE_MAX = 16,  /* threads that are kept for who comes next */
    END_MS = 1000,  /* for what is under way, at the end */
    SAY_MS = 60000, /* between two complaints about too many */
};

struct server {
    const struct server_manner *manner;
    char *path;
    int listener;
    pthread_t thread; /* that accepts */
    bool has_thread;

    pthread_mutex_t lock; /* of all below */
    LIST_HEAD(, client) clients;
    unsigned client_count;
    LIST_HEAD(, client) come; /* for threads that were idle */
    unsigned idle_count;      /* threads without a client */
    pthread_cond_t has_come;  /* one of them has; or the end */
    unsigned thread_count;
    pthread_cond_t gone; /* a thread is about to end */
    pthread_t left;      /* that one, not joined yet */
    bool has_left;
    bool is_ending;
};

/* ---- one client ---- */

void
client_waits(struct client *client)
{
    atomic_store(&client->idle_since, sdr_clock());
}

void
client_asks(struct client *client)
{
    atomic_store(&client->idle_since, 0);
}

static void
leave(struct client *client)
{
    struct server *server = client->server;

    pthread_mutex_lock(&server->lock);
    LIST_REMOVE(client, link);
    close(client->fd);
    server->client_count--;
    pthread_mutex_unlock(&server->lock);
    free(client);
}

/* Wait for one; NULL if the thread is not needed any more. */
static struct client *
next_client(struct server *server)
{
    struct client *client = NULL;

    pthread_mutex_lock(&server->lock);
    if (server->idle_count < IDLE_MAX) {
        server->idle_count++;
        while (LIST_EMPTY(&server->come) && !server->is_ending)
            pthread_cond_wait(&server->has_come, &server->lock);
        client = LIST_FIRST(&server->come);
    }
    if (client != NULL)
        LIST_REMOVE(client, come);
    pthread_mutex_unlock(&server->lock);
    return client;
}

/* Each thread joins the one that has ended before it; server_end() the last. */
static void
end_thread(struct server *server)
{
    pthread_t before;
    bool join;

    pthread_mutex_lock(&server->lock);
    before = server->left;
    join = server->has_left;
    server->left = pthread_self();
    server->has_left = true;
    server->thread_count--;
    pthread_cond_signal(&server->gone);
    pthread_mutex_unlock(&server->lock);
    if (join)
        pthread_join(before, NULL);
}

static void *
serve(void *arg)
{
    struct client *client = arg;
    struct server *server = client->server;

    for (; client != NULL; client = next_client(server)) {
        server->manner->converse(client);
        leave(client);
    }
    end_thread(server);
    return NULL;
}

/* ---- all of them ---- */

static bool
start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    pthread_attr_t attributes;
    int rc = pthread_attr_init(&attributes);

    if (rc == 0) {
        pthread_attr_setstacksize(&attributes, STACK);
        rc = pthread_create(thread, &attributes, run, arg);
        pthread_attr_destroy(&attributes);
    }
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

static void
set_patience(int fd, int option, int seconds)
{
    const struct timeval patience = {.tv_sec = seconds};

    if (seconds > 0)
        setsockopt(fd, SOL_SOCKET, option, &patience, sizeof patience);
}

/* True if a thread is free for it. */
static bool
hand_over(struct server *server, struct client *client)
{
    bool handed;

    pthread_mutex_lock(&server->lock);
    LIST_INSERT_HEAD(&server->clients, client, link);
    server->client_count++;
    handed = server->idle_count > 0;
    if (handed) {
        server->idle_count--;
        LIST_INSERT_HEAD(&server->come, client, come);
        pthread_cond_signal(&server->has_come);
    } else {
        server->thread_count++;
    }
    pthread_mutex_unlock(&server->lock);
    return handed;
}

static void
take(struct server *server, int fd)
{
    struct client *client = calloc(1, sizeof *client);
    pthread_t thread;

    if (client == NULL) {
        close(fd);
        return;
    }
    set_patience(fd, SO_SNDTIMEO, server->manner->patience_send);
    set_patience(fd, SO_RCVTIMEO, server->manner->patience_idle);
    client->fd = fd;
    client->server = server;
    if (hand_over(server, client) || start_thread(&thread, serve, client))
        return;
    leave(client);
    pthread_mutex_lock(&server->lock);
    server->thread_count--;
    pthread_mutex_unlock(&server->lock);
}

/* Send away who has been idle for longest. Its thread then reads the end. */
static void
make_room(struct server *server)
{
    struct client *longest = NULL;
    struct client *client;
    int64_t since = INT64_MAX;

    pthread_mutex_lock(&server->lock);
    LIST_FOREACH(client, &server->clients, link)
    {
        int64_t idle = atomic_load(&client->idle_since);

        if (idle != 0 && idle < since) {
            since = idle;
            longest = client;
        }
    }
    if (longest != NULL)
        shutdown(longest->fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
}

static bool
is_full(struct server *server)
{
    bool full;

    pthread_mutex_lock(&server->lock);
    full = server->client_count >= server->manner->clients_max;
    pthread_mutex_unlock(&server->lock);
    return full;
}

static bool
is_ending(struct server *server)
{
    bool ending;

    pthread_mutex_lock(&server->lock);
    ending = server->is_ending;
    pthread_mutex_unlock(&server->lock);
    return ending;
}

/* Too many, or no descriptor is left. Said once a minute: *SAID is when. */
static void
wait_for_room(struct server *server, int64_t *said)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    int64_t now = sdr_clock();

    if (*said == 0 || now - *said > SAY_MS) {
        *said = now;
        say(LOG_WARNING, "%s: no more connections can be taken: who comes %s",
            server->manner->name,
            server->manner->sends_away ? "takes the place of an idle one"
                                       : "has to wait");
    }
    if (server->manner->sends_away)
        make_room(server);
    nanosleep(&moment, NULL);
}

static void *
accept_loop(void *arg)
{
    struct server *server = arg;
    int64_t said = 0;

    while (!is_ending(server)) {
        int fd = -1;

        if (!is_full(server))
            fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take(server, fd);
        else if (!is_ending(server))
            wait_for_room(server, &said);
    }
    return NULL;
}

static void
free_server(struct server *server)
{
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->has_come);
    pthread_cond_destroy(&server->gone);
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
    LIST_INIT(&server->clients);
    LIST_INIT(&server->come);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->has_come, NULL);
    pthread_cond_init(&server->gone, NULL);
    server->path = strdup(path); /* a reload frees that one */
    server->listener = server->path == NULL ? -1 : listen_at(path, options);
    if (server->listener >= 0)
        return server;
    free_server(server);
    return NULL;
}

bool
server_start(struct server *server)
{
    server->has_thread = start_thread(&server->thread, accept_loop, server);
    return server->has_thread;
}

/* While there is no room a question has to wait, for as long as the directory
 * lets others wait. */
bool
server_is_alive(struct server *server)
{
    const struct server_manner *manner;

    if (server == NULL || is_full(server))
        return true;
    manner = server->manner;
    return alive_at(server->path, manner->question, manner->question_len);
}

/* ---- the end ---- */

/* Nobody comes, and nobody says anything more. */
static void
stop_listening(struct server *server)
{
    struct client *client;

    pthread_mutex_lock(&server->lock);
    server->is_ending = true;
    pthread_mutex_unlock(&server->lock);
    unlink(server->path);
    shutdown(server->listener, SHUT_RDWR);
    if (server->has_thread)
        pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_lock(&server->lock);
    LIST_FOREACH(client, &server->clients, link)
    {
        shutdown(client->fd, SHUT_RD);
    }
    pthread_cond_broadcast(&server->has_come);
    pthread_mutex_unlock(&server->lock);
}

static bool
wait_for_all(struct server *server)
{
    struct timespec until;
    int rc = 0;
    bool gone;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_MS / 1000;
    pthread_mutex_lock(&server->lock);
    while (server->thread_count > 0 && rc == 0)
        rc = pthread_cond_timedwait(&server->gone, &server->lock, &until);
    gone = server->thread_count == 0;
    pthread_mutex_unlock(&server->lock);
    if (gone && server->has_left)
        pthread_join(server->left, NULL);
    return gone;
}

bool
server_end(struct server **server)
{
    if (*server == NULL)
        return true;
    stop_listening(*server);
    if (!wait_for_all(*server))
        return false;
    free_server(*server);
    *server = NULL;
    return true;
}
