/* servers.c - see servers.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "servers.h"

#include <ldap.h>

#include "ldap/failover.h"
#include "net/clock.h"
#include "source/method.h"
#include "source/proof.h"
#include "source/session.h"

/* How long to wait after all servers have failed: longer each time. */
enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 10 * 1000 };

/* The least time that a server must keep the copy up to date before the
 * remaining servers are skipped. */
enum { STEADY_MS = 10 * 1000 };

/* Between two full reads, unless sync-interval says otherwise. */
enum { FULL_S = 300 };

static enum session_end
run(const struct session_with *with, enum sdr_sync method)
{
    switch (method) {
    case SDR_SYNC_SYNCREPL:
        return syncrepl_session(with);
    case SDR_SYNC_USN:
        return usn_session(with);
    case SDR_SYNC_AUTO:
    case SDR_SYNC_FULL:
        return full_session(with);
    }
    return SESSION_FAILED;
}

/* The socket of the connection; -1 if it is not known. */
static int
descriptor(struct sdr_connection *connection)
{
    int fd = -1;

    return ldap_get_option(sdr_connection_handle(connection), LDAP_OPT_DESC,
                           &fd)
                   == LDAP_OPT_SUCCESS
               ? fd
               : -1;
}

/* Choose the method and read. A server may announce a method, but not support
 * it for this search base; then *PLAINLY selects the full read. */
static enum session_end
read_from(struct session_with *with, bool *plainly)
{
    const struct sdr_directory_options *directory =
        worker_directory(with->worker);
    struct proof proof = {.session = with->session};
    enum sdr_sync method = SDR_SYNC_FULL;
    enum session_end end = SESSION_FAILED;

    with->proof = &proof;
    if (proof_of_visibility(&proof, with->error) != SDR_OK
        || (!*plainly
            && method_choose(with->session->connection, &method, with->error)
                   != SDR_OK)) {
        sdr_error_prefix(with->error, "%s", with->session->uri);
    } else {
        end = run(with, method);
        if (end == SESSION_UNABLE && directory->sync == SDR_SYNC_AUTO)
            *plainly = true;
    }
    proof_clear(&proof);
    with->proof = NULL;
    return end;
}

static enum session_end
converse(struct session_with *with, struct sdr_pool *pool,
         struct sdr_slot *slot, bool *plainly)
{
    enum session_end end;

    slot->until =
        sdr_clock() + (int64_t)slot->session.directory->timeout * 1000;
    if (sdr_pool_open(pool, slot, with->error) != SDR_OK)
        return SESSION_FAILED;
    worker_waits_for(with->worker, descriptor(slot->session.connection));
    end = read_from(with, plainly);
    worker_waits_for(with->worker, -1);
    sdr_session_close(&slot->session);
    return end;
}

/* Use one server until it fails. Returns true if the worker has to stop. */
static bool
use(struct worker *worker, struct sdr_pool *pool, struct sdr_slot *slot,
    int64_t *up_to_date)
{
    unsigned interval = worker_directory(worker)->sync_interval;
    struct sdr_error error = {""};
    struct session_with with = {.worker = worker,
                                .session = &slot->session,
                                .up_to_date = up_to_date,
                                .error = &error};
    bool plainly = false;

    for (;;) {
        enum session_end end = converse(&with, pool, slot, &plainly);

        with.whole = false;
        switch (end) {
        case SESSION_STOPPED:
            return true;
        case SESSION_UNABLE:
            if (!plainly) {
                worker_failed(worker, &error);
                return false;
            }
            worker_log(worker, "%s", error.text);
            break;
        case SESSION_FAILED:
            worker_failed(worker, &error);
            return false;
        case SESSION_RELOAD:
            /* Cannot happen twice: without a cookie the server has no old state
             * to reject. */
            worker_log(worker, "%s", error.text);
            with.whole = true;
            break;
        case SESSION_DUE:
            with.whole = true;
            break;
        case SESSION_REST:
            worker_sleep(worker, 1000 * (interval != 0 ? interval : FULL_S));
            if (worker_stopping(worker))
                return true;
            break;
        }
    }
}

/* Try each server once, until one was steady. Returns true if the worker has to
 * stop. *SINCE is when the last server brought the copy up to date; 0: it did
 * not. */
static bool
use_each(struct worker *worker, struct sdr_pool *pool, int64_t *since,
         bool *steady)
{
    struct sdr_failover failover;
    struct sdr_error error = {""};
    struct sdr_slot *slot;
    bool stop = false;

    *steady = false;
    *since = 0;
    if (!sdr_failover_begin(&failover, pool, SDR_FAILOVER_NO_DEADLINE))
        return false;
    while (!stop && !*steady && sdr_failover_has_next(&failover)
           && (slot = sdr_failover_take_slot(&failover, &error)) != NULL) {
        *since = 0;
        stop = use(worker, pool, slot, since);
        *steady = *since != 0 && sdr_clock() - *since >= STEADY_MS;
        sdr_failover_return_slot(&failover, slot, *steady);
    }
    sdr_failover_end(&failover);
    return stop;
}

static void
use_all(struct worker *worker, struct sdr_pool *pool)
{
    unsigned pause = PAUSE_MIN_MS;
    int64_t since;
    bool steady;

    while (!worker_stopping(worker)
           && !use_each(worker, pool, &since, &steady)) {
        if (worker->once)
            return;
        /* With several servers, each change of the server means a complete
         * read. */
        if (steady || (since != 0 && pool->options->uris.count == 1))
            pause = PAUSE_MIN_MS;
        worker_sleep(worker, pause);
        pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    }
}

/* Set up the slot that is used of each server, by this thread alone. */
static void
prepare(struct worker *worker, struct sdr_pool *pool)
{
    for (unsigned i = 0; i < pool->options->uris.count; i++) {
        struct sdr_session *session = &pool->servers[i].slots[0].session;

        session->seen = &worker->seen;
        session->groups.of_filter = true;
    }
}

void
servers_run(struct worker *worker)
{
    struct sdr_pool *pool = sdr_pool_new(worker_directory(worker));
    const struct sdr_error error = {"no memory"};

    worker->status = SDR_TEMPFAIL;
    if (pool == NULL) {
        worker_failed(worker, &error);
        return;
    }
    prepare(worker, pool);
    use_all(worker, pool);
    sdr_pool_free(&pool);
}
