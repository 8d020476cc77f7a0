/* servers.c - see servers.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "servers.h"

#include <stdlib.h>

#include <ldap.h>

#include "clock.h"
#include "method.h"
#include "proof.h"
#include "session.h"

/* How long to wait after all servers have failed: longer each time. */
enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 10 * 1000 };

/* A server that does not take the account's password is left alone for so long,
 * lest the account be locked; a reload ends that. One that took it before may
 * be asked a few times more. */
enum { REFUSED_MS = 15 * 60 * 1000, REFUSED_AFTER_GOOD = 3 };

/* A server that keeps us up to date for less than this is not what the others
 * are left out for. */
enum { STEADY_MS = 10 * 1000 };

/* What is remembered of a server. */
struct server {
    const char *uri;
    bool was_good;
    unsigned refusals; /* since then */
    int64_t not_before;
};

/* Between two full reads, unless sync-interval says otherwise. */
enum { FULL_S = 300 };

void
session_is_up_to_date(struct worker *worker, int64_t *up_to_date)
{
    if (*up_to_date == 0)
        *up_to_date = sdr_clock();
    worker->status = SDR_OK;
    worker_well(worker);
}

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

/* The socket of the connection; -1 if it cannot be told. */
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

static enum sdr_status
connect_to(struct session_with *with, struct server *server, int64_t deadline)
{
    enum sdr_status status =
        sdr_connection_open(&with->connection, worker_directory(with->worker),
                            with->uri, deadline, with->error);

    if (status == SDR_OK) {
        worker_waits_for(with->worker, descriptor(with->connection));
        server->was_good = true;
        server->refusals = 0;
    } else if (status == SDR_CONFIG
               && (++server->refusals >= REFUSED_AFTER_GOOD
                   || !server->was_good)) {
        server->not_before = sdr_clock() + REFUSED_MS;
    }
    return status;
}

/* Find out how the server can be read, and read. A server may say that it knows
 * a method, and not know it for what is to be read. */
static enum session_end
read_from(struct session_with *with, bool *plainly)
{
    const struct sdr_directory_options *directory =
        worker_directory(with->worker);
    struct proof proof = {.connection = with->connection,
                          .directory = directory,
                          .seen = &with->worker->seen};
    enum sdr_sync method = SDR_SYNC_FULL;
    enum session_end end = SESSION_FAILED;

    with->proof = &proof;
    if (proof_of_sight(&proof, with->error) != SDR_OK
        || (!*plainly
            && method_choose(with->connection, directory, &method, with->error)
                   != SDR_OK)) {
        sdr_error_prefix(with->error, "%s", with->uri);
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
converse(struct session_with *with, struct server *server, bool *plainly)
{
    unsigned timeout = worker_directory(with->worker)->timeout;
    enum session_end end;

    if (connect_to(with, server, sdr_clock() + (int64_t)timeout * 1000)
        != SDR_OK)
        return SESSION_FAILED;
    end = read_from(with, plainly);
    worker_waits_for(with->worker, -1);
    sdr_connection_close(&with->connection);
    return end;
}

/* One server, until it fails; true if the worker has to stop. */
static bool
use(struct worker *worker, struct server *server, int64_t *up_to_date)
{
    unsigned interval = worker_directory(worker)->sync_interval;
    struct sdr_error error = {""};
    struct session_with with = {.worker = worker,
                                .uri = server->uri,
                                .up_to_date = up_to_date,
                                .error = &error};
    bool plainly = false;

    for (;;) {
        enum session_end end = converse(&with, server, &plainly);

        with.whole = false;
        switch (end) {
        case SESSION_STOPPED:
            return true;
        case SESSION_UNABLE:
            if (!plainly) {
                worker_failed(worker, &error);
                return false;
            }
            worker_tell(worker, "%s", error.text);
            break;
        case SESSION_FAILED:
            worker_failed(worker, &error);
            return false;
        case SESSION_RELOAD:
            /* It cannot come twice: without a cookie there is nothing to
             * remember. */
            worker_tell(worker, "%s", error.text);
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

static void
use_all(struct worker *worker, struct server *servers, unsigned count)
{
    unsigned pause = PAUSE_MIN_MS;

    while (!worker_stopping(worker)) {
        int64_t since = 0;
        bool steady = false;

        for (unsigned i = 0; i < count && !steady; i++) {
            since = 0;
            if (sdr_clock() >= servers[i].not_before
                && use(worker, &servers[i], &since))
                return;
            steady = since != 0 && sdr_clock() - since >= STEADY_MS;
        }
        if (worker->once)
            return;
        /* Where there is another one, each change of servers means to read all
         * of it. */
        if (steady || (since != 0 && count == 1))
            pause = PAUSE_MIN_MS;
        worker_sleep(worker, pause);
        pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    }
}

void
servers_run(struct worker *worker)
{
    const struct sdr_list *uris = &worker_directory(worker)->uris;
    struct server *servers = calloc(uris->count, sizeof *servers);
    const struct sdr_error error = {"no memory"};

    worker->status = SDR_TEMPFAIL;
    for (unsigned i = 0; servers != NULL && i < uris->count; i++)
        servers[i].uri = uris->items[i];
    if (servers != NULL)
        use_all(worker, servers, uris->count);
    else
        worker_failed(worker, &error);
    free(servers);
}
