/* failover.c - see failover.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/failover.h"

#include <pthread.h>
#include <stdlib.h>

#include "ldap/server_kind.h"
#include "net/clock.h"

/* How long a failed server is avoided while there is another. */
enum { FAILED_MS = 10 * 1000 };

/* A healthy server gets this many times the time of a failed one. */
enum { WELL_WEIGHT = 3 };

bool
sdr_failover_begin(struct sdr_failover *failover, struct sdr_pool *pool,
                   int64_t deadline)
{
    unsigned count = pool->options->uris.count;

    sdr_pool_after_fork(pool);
    *failover = (struct sdr_failover){
        .pool = pool,
        .asked = calloc(count, sizeof *failover->asked),
        .left = count,
        .deadline = deadline,
        .least = (deadline - sdr_clock()) / count / 8,
        .worst = INT64_MAX,
    };
    return failover->asked != NULL;
}

void
sdr_failover_end(struct sdr_failover *failover)
{
    free(failover->asked);
    failover->asked = NULL;
}

void
sdr_failover_only_healthy(struct sdr_failover *failover)
{
    failover->worst = 0;
}

bool
sdr_failover_has_next(const struct sdr_failover *failover)
{
    return failover->left > 0
           && failover->deadline - sdr_clock() >= failover->least;
}

/* Returns the server's rank; the lowest rank is asked first. 0 if the server is
 * healthy, or if it may be tried again: FAILED_MS have passed, a slot is free,
 * and no other thread is trying it. Otherwise the time of the failure. */
static int64_t
rank(const struct sdr_server *server, const struct sdr_slot *slot)
{
    int64_t now = sdr_clock();

    if (server->failed_at == 0
        || (slot != NULL && now >= server->failed_at + FAILED_MS
            && now >= server->tried_until))
        return 0;
    return server->failed_at;
}

/* Returns a free slot, or NULL. A free slot belongs to the thread that was
 * woken for it. New threads queue behind those that wait, or the busiest
 * threads would always be served first. */
static struct sdr_slot *
find_slot(const struct sdr_failover *failover, struct sdr_server *server)
{
    if (!failover->waited && server->waiting > 0
        && sdr_pool_free_slots(failover->pool, server) <= server->waiting)
        return NULL;
    return sdr_pool_find(failover->pool, server);
}

/* Choose the server to be asked now: the first of those with the lowest rank;
 * *SERVER is NULL if there is none. Returns its slot; NULL if all are busy. */
static struct sdr_slot *
choose(const struct sdr_failover *failover, struct sdr_server **server)
{
    const struct sdr_pool *pool = failover->pool;
    struct sdr_slot *chosen = NULL;
    int64_t lowest = 0;

    *server = NULL;
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct sdr_server *candidate = &pool->servers[i];
        struct sdr_slot *slot = find_slot(failover, candidate);
        int64_t its = rank(candidate, slot);

        if (failover->asked[i] || sdr_pool_is_refused(pool, candidate)
            || its > failover->worst || (*server != NULL && its >= lowest))
            continue;
        *server = candidate;
        chosen = slot;
        lowest = its;
    }
    return chosen;
}

static int
weight(const struct sdr_server *server)
{
    return server->failed_at == 0 ? WELL_WEIGHT : 1;
}

/* Returns until when to ask this server. A silent server must leave time for
 * the others, and more for the healthy ones. */
static int64_t
share(const struct sdr_failover *failover, const struct sdr_server *server)
{
    const struct sdr_pool *pool = failover->pool;
    int64_t now = sdr_clock(), all = 0;

    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        if (!failover->asked[i]
            && !sdr_pool_is_refused(pool, &pool->servers[i]))
            all += weight(&pool->servers[i]);
    }
    return now + (failover->deadline - now) * weight(server) / all;
}

/* Wake the next waiting thread if this one was woken for a slot and has chosen
 * another server. */
static void
pass_on(struct sdr_server *waited, const struct sdr_server *server)
{
    if (waited != NULL && waited != server)
        pthread_cond_signal(&waited->changed);
}

/* Returns until when to wait for a slot of SERVER. Threads that wait leave time
 * to ask, and to wait for the other healthy servers. */
static struct timespec
patience(const struct sdr_failover *failover, const struct sdr_server *server)
{
    const struct sdr_pool *pool = failover->pool;
    int64_t now = sdr_clock(), until;
    unsigned well = 1;

    for (unsigned i = 0; i < pool->options->uris.count; i++)
        well += !failover->asked[i] && pool->servers[i].failed_at == 0
                && server != &pool->servers[i];
    until = now + (failover->deadline - now) / well
            - failover->least * failover->left;
    return (struct timespec){.tv_sec = until / 1000,
                             .tv_nsec = until % 1000 * 1000000};
}

/* Explain why there is no server to be asked. */
static void
explain_nobody(const struct sdr_pool *pool, struct sdr_error *error)
{
    if (error->text[0] != '\0')
        return;
    sdr_error_set(error, "no other server is available");
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        if (sdr_pool_is_refused(pool, &pool->servers[i]))
            sdr_pool_explain_refused(&pool->servers[i], error);
    }
}

/* Wait for a slot of the server to be asked. Returns NULL if all stay busy, or
 * if there is no server. The server may change during the wait: no thread waits
 * for a failed server while another is healthy. */
static struct sdr_slot *
wait_for(struct sdr_failover *failover, struct sdr_server **server,
         struct sdr_error *error)
{
    struct sdr_pool *pool = failover->pool;
    struct sdr_server *waited = NULL;
    struct timespec until = {0, 0};
    struct sdr_slot *slot;
    int rc = 0;

    pthread_mutex_lock(&pool->lock);
    while ((slot = choose(failover, server)) == NULL && *server != NULL
           && (rc == 0 || *server != waited)) {
        if (*server != waited) {
            pass_on(waited, *server);
            waited = *server;
            until = patience(failover, waited);
        }
        waited->waiting++;
        rc = pthread_cond_timedwait(&waited->changed, &pool->lock, &until);
        waited->waiting--;
        failover->waited = true;
    }
    failover->waited = false;
    pass_on(waited, *server);
    if (*server == NULL)
        explain_nobody(pool, error);
    if (slot != NULL) {
        slot->busy = true;
        slot->until = share(failover, *server);
        if ((*server)->failed_at != 0)
            (*server)->tried_until = failover->deadline;
    }
    pthread_mutex_unlock(&pool->lock);
    return slot;
}

struct sdr_slot *
sdr_failover_take_slot(struct sdr_failover *failover, struct sdr_error *error)
{
    struct sdr_server *server;
    struct sdr_slot *slot = wait_for(failover, &server, error);

    if (server == NULL) {
        failover->left = 0;
        return NULL;
    }
    failover->asked[server - failover->pool->servers] = true;
    failover->left--;
    if (slot == NULL)
        sdr_error_set(error, "%s: all connections are busy",
                      server->slots[0].session.uri);
    return slot;
}

enum sdr_status
sdr_failover_open(const struct sdr_failover *failover, struct sdr_slot *slot,
                  struct sdr_error *error)
{
    if (slot->session.connection == NULL)
        return sdr_pool_open(failover->pool, slot, error) == SDR_OK
                   ? SDR_OK
                   : SDR_TEMPFAIL;
    sdr_connection_set_deadline(slot->session.connection, slot->until);
    return SDR_OK;
}

void
sdr_failover_reset(const struct sdr_failover *failover, struct sdr_slot *slot)
{
    struct sdr_pool *pool = failover->pool;

    sdr_session_close(&slot->session);
    pthread_mutex_lock(&pool->lock);
    sdr_pool_drop_idle(pool, slot->server);
    pthread_mutex_unlock(&pool->lock);
}

/* Returns how to count the query if it failed. */
static enum sdr_trouble
find_trouble(const struct sdr_session *session)
{
    if (session->connection == NULL)
        return SDR_TROUBLE_CONNECT;
    return sdr_session_is_broken(session) ? SDR_TROUBLE_LOST
                                          : SDR_TROUBLE_ANSWER;
}

void
sdr_failover_return_slot(const struct sdr_failover *failover,
                         struct sdr_slot *slot, bool well)
{
    struct sdr_pool *pool = failover->pool;
    struct sdr_server *server = slot->server;
    enum sdr_trouble trouble = find_trouble(&slot->session);
    bool broken = sdr_session_is_broken(&slot->session);

    if (broken || sdr_session_is_suspect(&slot->session))
        sdr_session_close(&slot->session);
    pthread_mutex_lock(&pool->lock);
    server->asked++;
    if (!well)
        server->failed[trouble]++;
    if (broken)
        sdr_pool_drop_idle(pool, server);
    slot->used_at = sdr_clock();
    slot->busy = false;
    server->tried_until = 0;
    if (well && server->failed_at == 0) {
        pthread_cond_signal(&server->changed);
    } else {
        server->failed_at = well ? 0 : slot->used_at;
        for (unsigned i = 0; i < pool->options->uris.count; i++)
            pthread_cond_broadcast(&pool->servers[i].changed);
    }
    pthread_mutex_unlock(&pool->lock);
}

/* Open the slot and detect the kind of server. */
static enum sdr_status
open_and_detect(struct sdr_pool *pool, struct sdr_slot *slot,
                struct sdr_error *error)
{
    enum sdr_status status = sdr_pool_open(pool, slot, error);

    if (status != SDR_OK)
        return status;
    status = sdr_server_detect(slot->session.connection, error);
    if (status == SDR_OK)
        return SDR_OK;
    sdr_error_prefix(error, "%s", slot->session.uri);
    sdr_session_close(&slot->session);
    return status;
}

enum sdr_status
sdr_failover_connect(struct sdr_pool *pool, bool one_refusal,
                     struct sdr_session **session, struct sdr_error *error)
{
    int64_t time = (int64_t)pool->options->timeout * 1000;
    enum sdr_status status = SDR_TEMPFAIL;
    struct sdr_failover failover;

    *session = NULL;
    sdr_error_set(error, "no memory");
    if (!sdr_failover_begin(&failover, pool,
                            sdr_clock() + time * pool->options->uris.count))
        return SDR_TEMPFAIL;
    error->text[0] = '\0';
    while (*session == NULL && sdr_failover_has_next(&failover)
           && !(status == SDR_CONFIG && one_refusal)) {
        struct sdr_slot *slot = sdr_failover_take_slot(&failover, error);

        if (slot == NULL)
            continue;
        status = open_and_detect(pool, slot, error);
        if (status == SDR_OK)
            *session = &slot->session;
        else
            sdr_failover_return_slot(&failover, slot, false);
    }
    sdr_failover_end(&failover);
    return status;
}
