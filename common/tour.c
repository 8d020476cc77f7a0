/* tour.c - see tour.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "tour.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"

/* A server that failed is left alone for so long while there is another. */
enum { FAILED_MS = 10 * 1000 };

/* One that is well gets so many times the time of one that failed. */
enum { WELL_WEIGHT = 3 };

bool
sdr_tour_begin(struct sdr_tour *tour, struct sdr_pool *pool, int64_t deadline)
{
    unsigned count = pool->options->uris.count;

    sdr_pool_after_fork(pool);
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
rank(const struct sdr_server *server, const struct sdr_place *place)
{
    int64_t now = sdr_clock();

    if (server->failed_at == 0
        || (place != NULL && now >= server->failed_at + FAILED_MS
            && now >= server->tried_until))
        return 0;
    return server->failed_at;
}

/* A place that is free belongs to who was woken for it: whoever comes queues
 * behind those that wait, or the busiest would be served again and again. */
static struct sdr_place *
find_place(const struct sdr_tour *tour, struct sdr_server *server)
{
    if (!tour->waited && server->waiting > 0
        && sdr_pool_free_places(tour->pool, server) <= server->waiting)
        return NULL;
    return sdr_pool_find(tour->pool, server);
}

/* The server to be asked now, the first of those with the lowest rank; NULL if
 * there is none. Its place; NULL if all are busy. */
static struct sdr_place *
choose(const struct sdr_tour *tour, struct sdr_server **server)
{
    const struct sdr_pool *pool = tour->pool;
    struct sdr_place *chosen = NULL;
    int64_t lowest = 0;

    *server = NULL;
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct sdr_server *candidate = &pool->servers[i];
        struct sdr_place *place = find_place(tour, candidate);
        int64_t its = rank(candidate, place);

        if (tour->asked[i] || sdr_pool_is_refused(pool, candidate)
            || its > tour->worst || (*server != NULL && its >= lowest))
            continue;
        *server = candidate;
        chosen = place;
        lowest = its;
    }
    return chosen;
}

static int
weight(const struct sdr_server *server)
{
    return server->failed_at == 0 ? WELL_WEIGHT : 1;
}

/* Until when to ask this server. A silent one must leave time for the others,
 * more of it for those that are well. */
static int64_t
share(const struct sdr_tour *tour, const struct sdr_server *server)
{
    const struct sdr_pool *pool = tour->pool;
    int64_t now = sdr_clock(), all = 0;

    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        if (!tour->asked[i] && !sdr_pool_is_refused(pool, &pool->servers[i]))
            all += weight(&pool->servers[i]);
    }
    return now + (tour->deadline - now) * weight(server) / all;
}

/* Who was woken for a server's place and goes elsewhere wakes the next one. */
static void
pass_on(struct sdr_server *waited, const struct sdr_server *server)
{
    if (waited != NULL && waited != server)
        pthread_cond_signal(&waited->changed);
}

/* Until when to wait for a place of SERVER: those who wait leave time to ask,
 * and to wait for the others that are well. */
static struct timespec
patience(const struct sdr_tour *tour, const struct sdr_server *server)
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

/* Why there is no server to be asked. */
static void
tell_nobody(const struct sdr_pool *pool, struct sdr_error *error)
{
    if (error->text[0] != '\0')
        return;
    sdr_error_set(error, "no other server is well");
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        if (sdr_pool_is_refused(pool, &pool->servers[i]))
            sdr_pool_tell_refused(&pool->servers[i], error);
    }
}

/* Wait for a place of the server to be asked; NULL if all stay busy, or there
 * is no server. Which one that is may change meanwhile: nobody waits for one
 * that has failed while another is well. */
static struct sdr_place *
wait_for(struct sdr_tour *tour, struct sdr_server **server,
         struct sdr_error *error)
{
    struct sdr_pool *pool = tour->pool;
    struct sdr_server *waited = NULL;
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
        waited->waiting++;
        rc = pthread_cond_timedwait(&waited->changed, &pool->lock, &until);
        waited->waiting--;
        tour->waited = true;
    }
    tour->waited = false;
    pass_on(waited, *server);
    if (*server == NULL)
        tell_nobody(pool, error);
    if (place != NULL) {
        place->busy = true;
        place->until = share(tour, *server);
        if ((*server)->failed_at != 0)
            (*server)->tried_until = tour->deadline;
    }
    pthread_mutex_unlock(&pool->lock);
    return place;
}

struct sdr_place *
sdr_tour_take(struct sdr_tour *tour, struct sdr_error *error)
{
    struct sdr_server *server;
    struct sdr_place *place = wait_for(tour, &server, error);

    if (server == NULL) {
        tour->left = 0;
        return NULL;
    }
    tour->asked[server - tour->pool->servers] = true;
    tour->left--;
    if (place == NULL)
        sdr_error_set(error, "%s: all connections are busy",
                      server->places[0].uri);
    return place;
}

enum sdr_status
sdr_tour_open(const struct sdr_tour *tour, struct sdr_place *place,
              struct sdr_error *error)
{
    return place->connection != NULL ? SDR_OK
                                     : sdr_pool_open(tour->pool, place, error);
}

void
sdr_tour_renew(const struct sdr_tour *tour, struct sdr_place *place)
{
    struct sdr_pool *pool = tour->pool;

    sdr_place_close(place);
    pthread_mutex_lock(&pool->lock);
    sdr_pool_drop_idle(pool, place->server);
    pthread_mutex_unlock(&pool->lock);
}

/* What it is if the question was in vain. */
static enum sdr_trouble
find_trouble(const struct sdr_place *place, bool broken)
{
    if (place->connection == NULL)
        return SDR_TROUBLE_CONNECT;
    return broken ? SDR_TROUBLE_LOST : SDR_TROUBLE_ANSWER;
}

void
sdr_tour_give_back(const struct sdr_tour *tour, struct sdr_place *place,
                   bool broken, bool well)
{
    struct sdr_pool *pool = tour->pool;
    struct sdr_server *server = place->server;
    enum sdr_trouble trouble = find_trouble(place, broken);

    if (broken)
        sdr_place_close(place);
    pthread_mutex_lock(&pool->lock);
    server->asked++;
    if (!well)
        server->failed[trouble]++;
    if (broken)
        sdr_pool_drop_idle(pool, server);
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
