/* pool.c - see pool.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

/* Active Directory closes after 900 s without a word; firewalls forget sooner.
 * A server that failed is left alone for FAILED_MS while there is another. */
enum { IDLE_MS = 300 * 1000, FAILED_MS = 10 * 1000 };

struct server {
    struct sdr_place *places;
    struct sdr_rights_seen seen;
    int64_t failed_at;      /* 0: it is well */
    int64_t tried_until;    /* the end of a trial under way */
    pthread_cond_t changed; /* a place is free, or a server well or failed */
};

struct sdr_pool {
    const struct sdr_directory_options *options;
    struct server *servers;
    pthread_mutex_t lock; /* of all that may change */
    pid_t pid;
};

/* ---- life ---- */

static void
init_locks(struct sdr_pool *pool)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    for (unsigned i = 0; i < pool->options->uris.count; i++)
        pthread_cond_init(&pool->servers[i].changed, &attr);
    pthread_condattr_destroy(&attr);
    pool->pid = getpid();
}

static bool
make_places(struct sdr_pool *pool, unsigned index)
{
    unsigned count = pool->options->max_connections;
    struct sdr_place *places = calloc(count, sizeof *places);

    pool->servers[index].places = places;
    for (unsigned i = 0; places != NULL && i < count; i++) {
        places[i].uri = pool->options->uris.items[index];
        places[i].server = index;
        places[i].seen = &pool->servers[index].seen;
    }
    return places != NULL;
}

struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options)
{
    struct sdr_pool *pool = calloc(1, sizeof *pool);
    bool ok;

    if (pool == NULL)
        return NULL;
    pool->options = options;
    pool->servers = calloc(options->uris.count, sizeof *pool->servers);
    if (pool->servers != NULL)
        init_locks(pool);
    ok = pool->servers != NULL;
    for (unsigned i = 0; ok && i < options->uris.count; i++)
        ok = make_places(pool, i);
    if (!ok)
        sdr_pool_free(&pool);
    return pool;
}

static void
drop(struct sdr_place *place, bool ours)
{
    if (ours)
        sdr_connection_close(&place->connection);
    else
        sdr_connection_abandon(&place->connection);
    sdr_sight_clear(&place->sight);
    place->rights = (struct sdr_rights){.detected = false};
}

static void
drop_all(struct sdr_pool *pool, bool ours)
{
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct sdr_place *places = pool->servers[i].places;

        for (unsigned k = 0;
             places != NULL && k < pool->options->max_connections; k++) {
            drop(&places[k], ours);
            places[k].busy = false;
        }
    }
}

void
sdr_pool_free(struct sdr_pool **pool)
{
    struct sdr_pool *p = *pool;
    bool ours;

    if (p == NULL)
        return;
    ours = p->pid == getpid();
    if (p->servers != NULL)
        drop_all(p, ours);
    for (unsigned i = 0; p->servers != NULL && i < p->options->uris.count;
         i++) {
        if (ours)
            pthread_cond_destroy(&p->servers[i].changed);
        free(p->servers[i].places);
    }
    if (ours)
        pthread_mutex_destroy(&p->lock);
    free(p->servers);
    free(p);
    *pool = NULL;
}

/* In a child, what the parent's threads had open is not ours to close, and the
 * lock may be held by a thread that does not exist here. */
static void
after_fork(struct sdr_pool *pool)
{
    if (pool->pid == getpid())
        return;
    drop_all(pool, false);
    init_locks(pool);
}

/* ---- places ---- */

static bool
is_stale(const struct sdr_place *place)
{
    return sdr_clock() - place->used_at > IDLE_MS;
}

/* The open place that was used last, else one that is not open; NULL if all are
 * busy. Those that rested too long are closed on the way. */
static struct sdr_place *
find_place(const struct sdr_pool *pool, struct server *server)
{
    struct sdr_place *best = NULL;

    for (unsigned i = 0; i < pool->options->max_connections; i++) {
        struct sdr_place *place = &server->places[i];

        if (place->busy)
            continue;
        if (place->connection != NULL && is_stale(place))
            drop(place, true);
        if (best == NULL
            || (place->connection != NULL
                && (best->connection == NULL
                    || place->used_at > best->used_at)))
            best = place;
    }
    return best;
}

/* Close what rests of a server that is gone. */
static void
drop_idle(const struct sdr_pool *pool, struct server *server)
{
    for (unsigned i = 0; i < pool->options->max_connections; i++) {
        if (!server->places[i].busy)
            drop(&server->places[i], true);
    }
}

/* ---- failover ---- */

bool
sdr_tour_begin(struct sdr_tour *tour, struct sdr_pool *pool, int64_t deadline)
{
    unsigned count = pool->options->uris.count;

    after_fork(pool);
    *tour = (struct sdr_tour){
        .pool = pool,
        .asked = calloc(count, sizeof *tour->asked),
        .left = count,
        .deadline = deadline,
        .least = (deadline - sdr_clock()) / count / 8,
        .worst = INT64_MAX,
    };
    return tour->asked != NULL;
}

void
sdr_tour_end(struct sdr_tour *tour)
{
    free(tour->asked);
    tour->asked = NULL;
}

void
sdr_tour_want_well(struct sdr_tour *tour)
{
    tour->worst = 0;
}

bool
sdr_tour_goes_on(const struct sdr_tour *tour)
{
    return tour->left > 0 && tour->deadline - sdr_clock() >= tour->least;
}

/* The later a server should be asked, the greater: 0 if it is well or has
 * rested, else the one that failed last is the last. To ask one that has rested
 * is a trial, for which one asker is enough. */
static int64_t
rank(const struct server *server, const struct sdr_place *place)
{
    int64_t now = sdr_clock();

    if (server->failed_at == 0
        || (place != NULL && now >= server->failed_at + FAILED_MS
            && now >= server->tried_until))
        return 0;
    return server->failed_at;
}

/* The server to be asked now, the first of those with the lowest rank; NULL if
 * there is none. Its place; NULL if all are busy. */
static struct sdr_place *
choose(const struct sdr_tour *tour, struct server **server)
{
    const struct sdr_pool *pool = tour->pool;
    struct sdr_place *chosen = NULL;
    int64_t lowest = 0;

    *server = NULL;
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct server *candidate = &pool->servers[i];
        struct sdr_place *place = find_place(pool, candidate);
        int64_t its = rank(candidate, place);

        if (tour->asked[i] || its > tour->worst
            || (*server != NULL && its >= lowest))
            continue;
        *server = candidate;
        chosen = place;
        lowest = its;
    }
    return chosen;
}

/* A silent server must leave time for the others. */
static int64_t
share(const struct sdr_tour *tour)
{
    int64_t now = sdr_clock();

    return now + (tour->deadline - now) / tour->left;
}

/* Who was woken for a server's place and goes elsewhere wakes the next one. */
static void
pass_on(struct server *waited, const struct server *server)
{
    if (waited != NULL && waited != server)
        pthread_cond_signal(&waited->changed);
}

/* Until when to wait for a place of SERVER: those who wait leave time to ask,
 * and to wait for the others that are well. */
static struct timespec
patience(const struct sdr_tour *tour, const struct server *server)
{
    const struct sdr_pool *pool = tour->pool;
    int64_t now = sdr_clock(), until;
    unsigned well = 1;

    for (unsigned i = 0; i < pool->options->uris.count; i++)
        well += !tour->asked[i] && pool->servers[i].failed_at == 0
                && server != &pool->servers[i];
    until = now + (tour->deadline - now) / well - tour->least * tour->left;
    return (struct timespec){.tv_sec = until / 1000,
                             .tv_nsec = until % 1000 * 1000000};
}

/* Wait for a place of the server to be asked; NULL if all stay busy, or there
 * is no server. Which one that is may change meanwhile: nobody waits for one
 * that has failed while another is well. */
static struct sdr_place *
wait_for(const struct sdr_tour *tour, struct server **server)
{
    struct sdr_pool *pool = tour->pool;
    struct server *waited = NULL;
    struct timespec until = {0, 0};
    struct sdr_place *place;
    int rc = 0;

    pthread_mutex_lock(&pool->lock);
    while ((place = choose(tour, server)) == NULL && *server != NULL
           && (rc == 0 || *server != waited)) {
        if (*server != waited) {
            pass_on(waited, *server);
            waited = *server;
            until = patience(tour, waited);
        }
        rc = pthread_cond_timedwait(&waited->changed, &pool->lock, &until);
    }
    pass_on(waited, *server);
    if (place != NULL) {
        place->busy = true;
        if ((*server)->failed_at != 0)
            (*server)->tried_until = tour->deadline;
    }
    pthread_mutex_unlock(&pool->lock);
    return place;
}

struct sdr_place *
sdr_tour_take(struct sdr_tour *tour, struct sdr_error *error)
{
    struct server *server;
    struct sdr_place *place = wait_for(tour, &server);
    int64_t until = share(tour);

    if (server == NULL) {
        sdr_error_set(error, "no server is left to be asked");
        return NULL;
    }
    tour->asked[server - tour->pool->servers] = true;
    tour->left--;
    if (place == NULL)
        sdr_error_set(error, "%s: all connections are busy",
                      server->places[0].uri);
    else
        place->until = until;
    return place;
}

void
sdr_tour_renew(const struct sdr_tour *tour, struct sdr_place *place)
{
    struct sdr_pool *pool = tour->pool;

    drop(place, true);
    pthread_mutex_lock(&pool->lock);
    drop_idle(pool, &pool->servers[place->server]);
    pthread_mutex_unlock(&pool->lock);
}

void
sdr_tour_give_back(const struct sdr_tour *tour, struct sdr_place *place,
                   bool broken, bool well)
{
    struct sdr_pool *pool = tour->pool;
    struct server *server = &pool->servers[place->server];

    if (broken)
        drop(place, true);
    pthread_mutex_lock(&pool->lock);
    if (broken)
        drop_idle(pool, server);
    place->used_at = sdr_clock();
    place->busy = false;
    if (well && server->failed_at == 0) {
        pthread_cond_signal(&server->changed);
    } else {
        server->failed_at = well ? 0 : place->used_at;
        for (unsigned i = 0; i < pool->options->uris.count; i++)
            pthread_cond_broadcast(&pool->servers[i].changed);
    }
    pthread_mutex_unlock(&pool->lock);
}
