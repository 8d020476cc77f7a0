/* workers.c - see workers.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"
#include "say.h"
#include "thread.h"

enum {
    FIRST = 4,       /* started at once; the fewest needed */
    IDLE_MAX = 16,   /* kept for the next connections */
    END_MS = 1000,   /* for commands in progress, at the end */
    FRESH_MS = 1000, /* clients idle for less are not closed */
};

struct workers {
    const struct server_manner *manner;
    unsigned clients_max;
    void (*left)(void *arg);
    void *arg;
    int poller;
    int stop; /* readable at the end */

    pthread_mutex_t lock; /* protects all members below */
    struct client_list clients, parked;
    unsigned client_count;
    bool was_full;          /* LEFT must be called when it is not */
    unsigned count;         /* number of workers */
    unsigned idle_count;    /* workers without a connection */
    unsigned waiting_count; /* workers that may wait for a directory */
    pthread_cond_t gone;    /* a worker is about to end */
    pthread_t last;         /* that worker, not joined yet */
    bool has_last;
    bool is_ending;
    int64_t said; /* last message that no thread can be started */
};

/* ---- connections; the lock is held ---- */

static bool
rest(struct workers *workers, struct client *client, int operation)
{
    struct epoll_event event = {
        .events =
            EPOLLONESHOT
            | (client->must_take ? (uint32_t)EPOLLOUT : (uint32_t)EPOLLIN),
        .data.ptr = client};

    client->state = CLIENT_RESTS;
    client->rests_since = sdr_clock();
    return epoll_ctl(workers->poller, operation, client->fd, &event) == 0;
}

static void
park(struct workers *workers, struct client *client)
{
    client->state = CLIENT_PARKED;
    TAILQ_INSERT_TAIL(&workers->parked, client, parked);
}

static void
wake_all(struct workers *workers)
{
    (void)!eventfd_write(workers->stop, 1);
}

/* Remove and close a client. Returns true if LEFT must be called. */
static bool
remove_client(struct workers *workers, struct client *client)
{
    bool wanted = workers->was_full;

    TAILQ_REMOVE(&workers->clients, client, link);
    close(client->fd);
    workers->client_count -= !client->is_self_probe;
    workers->was_full = false;
    if (workers->is_ending && TAILQ_EMPTY(&workers->clients))
        wake_all(workers);
    return wanted;
}

/* Returns a parked client; NULL if there is none, or if no other worker would
 * be left that does not wait. */
static struct client *
take_parked(struct workers *workers)
{
    struct client *client = TAILQ_FIRST(&workers->parked);

    if (client == NULL || workers->waiting_count + 1 >= workers->count)
        return NULL;
    TAILQ_REMOVE(&workers->parked, client, parked);
    return client;
}

/* ---- a worker ---- */

/* Returns a client that is ready; NULL at the end. */
static struct client *
wait_for_any(const struct workers *workers)
{
    struct epoll_event event;
    int count;

    do {
        count = epoll_wait(workers->poller, &event, 1, -1);
    } while (count < 0 && errno == EINTR);
    return count == 1 ? event.data.ptr : NULL;
}

/* Returns the next client; NULL if the worker is no longer needed. */
static struct client *
next_client(struct workers *workers, bool *may_wait)
{
    struct client *client;

    pthread_mutex_lock(&workers->lock);
    client = take_parked(workers);
    if (client == NULL && workers->idle_count < IDLE_MAX) {
        workers->idle_count++;
        pthread_mutex_unlock(&workers->lock);
        client = wait_for_any(workers);
        pthread_mutex_lock(&workers->lock);
        workers->idle_count--;
    }
    if (client != NULL) {
        client->state = CLIENT_SERVED;
        *may_wait = workers->waiting_count + 1 < workers->count;
        workers->waiting_count += *may_wait;
    }
    pthread_mutex_unlock(&workers->lock);
    return client;
}

static void
free_client(const struct workers *workers, struct client *client)
{
    if (workers->manner->forget != NULL)
        workers->manner->forget(client);
    free(client);
}

static void
leave(struct workers *workers, struct client *client)
{
    bool wanted;

    pthread_mutex_lock(&workers->lock);
    wanted = remove_client(workers, client);
    pthread_mutex_unlock(&workers->lock);
    free_client(workers, client);
    if (wanted)
        workers->left(workers->arg);
}

static void
start_for_parked(struct workers *workers);

static void
serve(struct workers *workers, struct client *client, bool may_wait)
{
    enum turn turn = workers->manner->serve(client, may_wait);

    if (turn == TURN_ENDS)
        leave(workers, client);
    pthread_mutex_lock(&workers->lock);
    workers->waiting_count -= may_wait;
    if (turn == TURN_RESTS)
        (void)rest(workers, client, EPOLL_CTL_MOD); /* it is registered */
    else if (turn == TURN_WAITS)
        park(workers, client);
    pthread_mutex_unlock(&workers->lock);
    if (turn == TURN_WAITS)
        start_for_parked(workers);
}

/* End this worker. Each worker joins the one that ended before it;
 * workers_close() joins the last. */
static void
end_worker(struct workers *workers)
{
    pthread_t before;
    bool join;

    pthread_mutex_lock(&workers->lock);
    before = workers->last;
    join = workers->has_last;
    workers->last = pthread_self();
    workers->has_last = true;
    workers->count--;
    pthread_cond_signal(&workers->gone);
    pthread_mutex_unlock(&workers->lock);
    if (join)
        pthread_join(before, NULL);
}

static void *
work(void *arg)
{
    struct workers *workers = arg;
    struct client *client;
    bool may_wait = false;

    while ((client = next_client(workers, &may_wait)) != NULL)
        serve(workers, client, may_wait);
    end_worker(workers);
    return NULL;
}

/* ---- more workers ---- */

/* Start a worker, which is counted from now on. Returns 0 or the error number.
 */
static int
start_worker(struct workers *workers)
{
    pthread_t thread;
    int rc;

    pthread_mutex_lock(&workers->lock);
    workers->count++;
    pthread_mutex_unlock(&workers->lock);
    rc = thread_start(&thread, work, workers);
    if (rc == 0)
        return 0;
    pthread_mutex_lock(&workers->lock);
    workers->count--;
    pthread_cond_signal(&workers->gone);
    pthread_mutex_unlock(&workers->lock);
    return rc;
}

/* Start a worker for parked clients if none is free. Called again each second,
 * and for each client that is parked. */
static void
start_for_parked(struct workers *workers)
{
    bool more, say_so = false;
    int rc = 0;

    pthread_mutex_lock(&workers->lock);
    more = !TAILQ_EMPTY(&workers->parked)
           && workers->waiting_count + 1 >= workers->count
           && workers->count <= workers->manner->waiting_max;
    pthread_mutex_unlock(&workers->lock);
    if (more)
        rc = start_worker(workers);
    if (rc == 0)
        return;
    pthread_mutex_lock(&workers->lock);
    say_so = say_is_due(&workers->said);
    pthread_mutex_unlock(&workers->lock);
    if (say_so)
        say(LOG_WARNING,
            "%s: no more threads can be started: %s; connections wait until "
            "one is free",
            workers->manner->name, strerror(rc));
}

/* ---- all workers ---- */

static void
free_workers(struct workers *workers)
{
    if (workers->poller >= 0)
        close(workers->poller);
    if (workers->stop >= 0)
        close(workers->stop);
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->gone);
    free(workers);
}

static bool
open_poller(struct workers *workers)
{
    struct epoll_event end = {.events = EPOLLIN, .data.ptr = NULL};

    workers->poller = epoll_create1(EPOLL_CLOEXEC);
    workers->stop = eventfd(0, EFD_CLOEXEC);
    if (workers->poller >= 0 && workers->stop >= 0
        && epoll_ctl(workers->poller, EPOLL_CTL_ADD, workers->stop, &end) == 0)
        return true;
    say(LOG_ERR, "%s: cannot wait for connections: %s", workers->manner->name,
        strerror(errno));
    return false;
}

/* Start one worker more than there are processors, but at least FIRST. */
static bool
start_first(struct workers *workers)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN) + 1;
    int rc = 0;

    for (long i = 0; rc == 0 && i < IDLE_MAX && (i < FIRST || i < count); i++) {
        rc = start_worker(workers);
        if (rc != 0 && i >= FIRST)
            return true; /* enough to begin with */
    }
    if (rc != 0)
        say(LOG_ERR, "%s: cannot start the %d threads that it needs: %s",
            workers->manner->name, FIRST, strerror(rc));
    return rc == 0;
}

struct workers *
workers_open(const struct server_manner *manner, unsigned clients_max,
             void (*left)(void *arg), void *arg)
{
    struct workers *workers = calloc(1, sizeof *workers);

    if (workers == NULL)
        return NULL;
    workers->manner = manner;
    workers->clients_max = clients_max;
    workers->left = left;
    workers->arg = arg;
    workers->stop = -1;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->gone, NULL);
    TAILQ_INIT(&workers->clients);
    TAILQ_INIT(&workers->parked);
    if (open_poller(workers) && start_first(workers))
        return workers;
    (void)workers_close(&workers); /* the program ends anyway */
    return NULL;
}

bool
workers_is_full(struct workers *workers)
{
    bool full;

    pthread_mutex_lock(&workers->lock);
    full = workers->client_count >= workers->clients_max;
    workers->was_full = full;
    pthread_mutex_unlock(&workers->lock);
    return full;
}

struct client *
workers_new_client(struct workers *workers)
{
    return calloc(1, workers->manner->client_size);
}

void
workers_add(struct workers *workers, struct client *client)
{
    int64_t patience = (int64_t)workers->manner->patience_first * 1000;
    bool added;

    client->deadline = patience == 0 ? 0 : sdr_clock() + patience;
    pthread_mutex_lock(&workers->lock);
    TAILQ_INSERT_TAIL(&workers->clients, client, link);
    workers->client_count += !client->is_self_probe;
    added = rest(workers, client, EPOLL_CTL_ADD);
    pthread_mutex_unlock(&workers->lock);
    if (added)
        return;
    say(LOG_ERR, "%s: no memory for a connection", workers->manner->name);
    leave(workers, client);
}

/* Closes only the receiving direction: what the client has sent before can
 * still be read, followed by end of file. */
bool
workers_make_room(struct workers *workers)
{
    struct client *longest = NULL;
    struct client *client;

    pthread_mutex_lock(&workers->lock);
    TAILQ_FOREACH(client, &workers->clients, link)
    {
        if (client->state == CLIENT_RESTS && client->deadline == 0
            && (longest == NULL || client->rests_since < longest->rests_since))
            longest = client;
    }
    if (longest != NULL && sdr_clock() - longest->rests_since < FRESH_MS)
        longest = NULL;
    if (longest != NULL)
        shutdown(longest->fd, SHUT_RD);
    pthread_mutex_unlock(&workers->lock);
    return longest != NULL;
}

void
workers_look_after(struct workers *workers)
{
    int64_t now = sdr_clock();
    struct client *client;

    pthread_mutex_lock(&workers->lock);
    TAILQ_FOREACH(client, &workers->clients, link)
    {
        if (client->state == CLIENT_RESTS && client->deadline != 0
            && client->deadline <= now)
            shutdown(client->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&workers->lock);
    start_for_parked(workers);
}

/* ---- the end ---- */

static void
hang_up(struct workers *workers)
{
    struct client *client;

    pthread_mutex_lock(&workers->lock);
    workers->is_ending = true;
    TAILQ_FOREACH(client, &workers->clients, link)
    {
        shutdown(client->fd, SHUT_RD);
    }
    if (TAILQ_EMPTY(&workers->clients))
        wake_all(workers);
    pthread_mutex_unlock(&workers->lock);
}

static bool
wait_for_all(struct workers *workers)
{
    struct timespec until;
    int rc = 0;
    bool gone;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_MS / 1000;
    pthread_mutex_lock(&workers->lock);
    while (workers->count > 0 && rc == 0)
        rc = pthread_cond_timedwait(&workers->gone, &workers->lock, &until);
    gone = workers->count == 0;
    pthread_mutex_unlock(&workers->lock);
    if (gone && workers->has_last)
        pthread_join(workers->last, NULL);
    return gone;
}

bool
workers_close(struct workers **workers)
{
    if (*workers == NULL)
        return true;
    hang_up(*workers);
    if (!wait_for_all(*workers))
        return false;
    free_workers(*workers);
    *workers = NULL;
    return true;
}
