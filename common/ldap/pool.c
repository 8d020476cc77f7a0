/* pool.c - see pool.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/pool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/clock.h"

/* Active Directory closes idle connections after 900 s; firewalls drop them
 * sooner. */
enum { IDLE_MS = 300 * 1000 };

/* Servers lock an account after three or more wrong passwords; most reset the
 * count within 15 minutes. Two servers may refuse a password that was accepted
 * before, for reasons of their own; none may refuse a new one. */
enum { REFUSED_MS = 15 * 60 * 1000, REFUSALS_MAX = 3, REFUSALS_NEW = 2 };

/* ---- creation ---- */

static void
init_locks(struct sdr_pool *pool)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->opened, &attr);
    for (unsigned i = 0; i < pool->options->uris.count; i++)
        pthread_cond_init(&pool->servers[i].changed, &attr);
    pthread_condattr_destroy(&attr);
    pool->pid = getpid();
}

static bool
make_slots(struct sdr_pool *pool, unsigned index)
{
    unsigned count = pool->options->max_connections;
    struct sdr_slot *slots = calloc(count, sizeof *slots);

    pool->servers[index].slots = slots;
    for (unsigned i = 0; slots != NULL && i < count; i++) {
        slots[i].session =
            (struct sdr_session){.directory = pool->options,
                                 .uri = pool->options->uris.items[index],
                                 .seen = &pool->servers[index].seen};
        slots[i].server = &pool->servers[index];
    }
    return slots != NULL;
}

struct sdr_pool *
sdr_pool_new(const struct sdr_directory_options *options)
{
    struct sdr_pool *pool = calloc(1, sizeof *pool);
    bool ok;

    if (pool == NULL)
        return NULL;
    pool->options = options;
    pool->refusals = REFUSALS_NEW;
    pool->servers = calloc(options->uris.count, sizeof *pool->servers);
    if (pool->servers != NULL)
        init_locks(pool);
    ok = pool->servers != NULL;
    for (unsigned i = 0; ok && i < options->uris.count; i++)
        ok = make_slots(pool, i);
    if (!ok)
        sdr_pool_free(&pool);
    return pool;
}

static void
drop_all(struct sdr_pool *pool, bool ours)
{
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct sdr_slot *slots = pool->servers[i].slots;

        pool->servers[i].opening = pool->servers[i].waiting = 0;
        for (unsigned k = 0;
             slots != NULL && k < pool->options->max_connections; k++) {
            if (ours)
                sdr_session_close(&slots[k].session);
            else
                sdr_session_abandon(&slots[k].session);
            slots[k].busy = false;
        }
    }
}

static void
destroy_locks(struct sdr_pool *pool)
{
    pthread_cond_destroy(&pool->opened);
    for (unsigned i = 0; i < pool->options->uris.count; i++)
        pthread_cond_destroy(&pool->servers[i].changed);
    pthread_mutex_destroy(&pool->lock);
}

void
sdr_pool_free(struct sdr_pool **pool)
{
    struct sdr_pool *p = *pool;

    if (p == NULL)
        return;
    if (p->servers != NULL) {
        bool ours = p->pid == getpid();

        drop_all(p, ours);
        if (ours)
            destroy_locks(p);
        for (unsigned i = 0; i < p->options->uris.count; i++)
            free(p->servers[i].slots);
    }
    free(p->servers);
    free(p);
    *pool = NULL;
}

/* The child must not close the parent's connections, and the lock may be held
 * by a thread that the child does not have. */
void
sdr_pool_after_fork(struct sdr_pool *pool)
{
    if (pool->pid == getpid())
        return;
    drop_all(pool, false);
    init_locks(pool);
}

/* ---- slots ---- */

static bool
is_stale(const struct sdr_slot *slot)
{
    return sdr_clock() - slot->used_at > IDLE_MS;
}

struct sdr_slot *
sdr_pool_find(const struct sdr_pool *pool, struct sdr_server *server)
{
    struct sdr_slot *best = NULL;

    for (unsigned i = 0; i < pool->options->max_connections; i++) {
        struct sdr_slot *slot = &server->slots[i];

        if (slot->busy)
            continue;
        if (slot->session.connection != NULL && is_stale(slot))
            sdr_session_close(&slot->session);
        if (best == NULL
            || (slot->session.connection != NULL
                && (best->session.connection == NULL
                    || slot->used_at > best->used_at)))
            best = slot;
    }
    return best;
}

unsigned
sdr_pool_free_slots(const struct sdr_pool *pool,
                    const struct sdr_server *server)
{
    unsigned count = 0;

    for (unsigned i = 0; i < pool->options->max_connections; i++)
        count += !server->slots[i].busy;
    return count;
}

void
sdr_pool_drop_idle(const struct sdr_pool *pool, struct sdr_server *server)
{
    server->accepted = false;
    for (unsigned i = 0; i < pool->options->max_connections; i++) {
        if (!server->slots[i].busy)
            sdr_session_close(&server->slots[i].session);
    }
}

/* ---- opening ---- */

/* Returns the number of threads that are connecting, to any server. */
static unsigned
openings(const struct sdr_pool *pool)
{
    unsigned all = 0;

    for (unsigned i = 0; i < pool->options->uris.count; i++)
        all += pool->servers[i].opening;
    return all;
}

/* Returns true if another thread may connect. Each attempt may be refused, so
 * there must not be more at a time than the refusals left, and not all at one
 * server, which may be silent. */
static bool
may_try(const struct sdr_pool *pool, const struct sdr_server *server)
{
    unsigned most = server->accepted ? REFUSALS_MAX - 1 : 1;

    return server->opening < most
           && pool->refusals + openings(pool) < REFUSALS_MAX;
}

/* Wait until this thread may connect. Returns false, with the reason, if
 * another one has been refused since, or is still trying. */
static bool
await_turn(struct sdr_pool *pool, struct sdr_server *server, int64_t deadline,
           struct sdr_error *error)
{
    struct timespec until = {.tv_sec = deadline / 1000,
                             .tv_nsec = deadline % 1000 * 1000000};
    int64_t begin = sdr_clock();
    int rc = 0;

    while (rc == 0 && openings(pool) > 0 && !may_try(pool, server))
        rc = pthread_cond_timedwait(&pool->opened, &pool->lock, &until);
    if (sdr_pool_is_refused(pool, server))
        sdr_pool_explain_refused(server, error);
    else if (server->refused_at >= begin)
        *error = server->refusal;
    else if (rc != 0)
        sdr_error_set(error, "%s: still connecting",
                      server->slots[0].session.uri);
    else
        return true;
    return false;
}

static void
note_bind(struct sdr_pool *pool, struct sdr_server *server,
          enum sdr_status status, const struct sdr_error *error)
{
    if (status == SDR_OK) {
        pool->refusals = 0;
        server->accepted = true;
        server->refused_at = 0;
    } else if (status == SDR_CONFIG) {
        pool->refusals++;
        server->refused_at = sdr_clock();
        server->refusal = *error;
    }
}

enum sdr_status
sdr_pool_open(struct sdr_pool *pool, struct sdr_slot *slot,
              struct sdr_error *error)
{
    struct sdr_server *server = slot->server;
    enum sdr_status status = SDR_TEMPFAIL;

    pthread_mutex_lock(&pool->lock);
    if (await_turn(pool, server, slot->until, error)) {
        server->opening++;
        pthread_mutex_unlock(&pool->lock);
        status = sdr_session_open(&slot->session, slot->until, error);
        pthread_mutex_lock(&pool->lock);
        server->opening--;
        note_bind(pool, server, status, error);
        pthread_cond_broadcast(&pool->opened);
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

bool
sdr_pool_is_refused(const struct sdr_pool *pool,
                    const struct sdr_server *server)
{
    return server->refused_at != 0 && pool->refusals >= REFUSALS_MAX
           && sdr_clock() < server->refused_at + REFUSED_MS;
}

void
sdr_pool_explain_refused(const struct sdr_server *server,
                         struct sdr_error *error)
{
    sdr_error_set(error,
                  "%s; not tried again for 15 minutes, to avoid locking the "
                  "account; a reload ends the wait",
                  server->refusal.text);
}

void
sdr_pool_count(struct sdr_pool *pool,
               void (*server)(void *arg, const struct sdr_server_count *count),
               void *arg)
{
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        const struct sdr_server *of = &pool->servers[i];
        struct sdr_server_count count = {.directory = pool->options->name,
                                         .uri = pool->options->uris.items[i]};

        pthread_mutex_lock(&pool->lock);
        count.well = of->failed_at == 0;
        count.asked = of->asked;
        memcpy(count.failed, of->failed, sizeof count.failed);
        pthread_mutex_unlock(&pool->lock);
        server(arg, &count);
    }
}
