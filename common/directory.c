/* directory.c - see directory.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "directory.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"
#include "filter.h"
#include "profile.h"
#include "sight.h"

/* Active Directory closes after 900 s without a word; firewalls forget sooner.
 * A server that failed is left alone for FAILED_MS while there is another. */
enum { IDLE_MS = 300 * 1000, FAILED_MS = 10 * 1000 };

/* A recipient that stands in more entries than this is not looked into. */
enum { ENTRIES_MAX = 100 };

enum { DN_MAX_OCTETS = 2048 };

/* A place for a connection. Busy: it belongs to one thread. */
struct slot {
    struct sdr_connection *connection; /* NULL: not open */
    struct sdr_sight sight;
    bool busy;
    int64_t used_at;
};

struct server {
    const char *uri;
    struct slot *slots;
    int64_t failed_at;      /* 0: it is well */
    int64_t tried_until;    /* the end of a trial under way */
    pthread_cond_t changed; /* a slot is free, or a server well or failed */
};

struct sdr_directory {
    const struct sdr_config *config;
    const struct sdr_directory_options *options;
    unsigned index;
    struct server *servers;
    const char **attributes; /* wanted of each entry; ended by NULL */
    pthread_mutex_t lock;    /* of all that may change */
    pid_t pid;
};

/* ---- SIGPIPE: wire.c raises none; Kerberos and c-ares over TCP might ---- */

struct sigpipe {
    sigset_t mask;
    bool was_pending;
};

static void
sigpipe_block(struct sigpipe *saved)
{
    sigset_t pipe_set, pending;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&pending);
    saved->was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_set, &saved->mask);
}

static void
sigpipe_restore(const struct sigpipe *saved)
{
    const struct timespec no_time = {0, 0};
    sigset_t pipe_set;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    if (!saved->was_pending) {
        while (sigtimedwait(&pipe_set, NULL, &no_time) == SIGPIPE)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &saved->mask, NULL);
}

/* ---- life ---- */

static void
init_locks(struct sdr_directory *directory)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&directory->lock, NULL);
    for (unsigned i = 0; i < directory->options->uris.count; i++)
        pthread_cond_init(&directory->servers[i].changed, &attr);
    pthread_condattr_destroy(&attr);
    directory->pid = getpid();
}

static bool
list_attributes(struct sdr_directory *directory)
{
    const struct sdr_mapping *mapping = &directory->options->mapping;
    const char *others[] = {mapping->owner, mapping->routing, mapping->hold};
    unsigned n = mapping->addresses.count;

    directory->attributes = calloc(n + 4, sizeof *directory->attributes);
    if (directory->attributes == NULL)
        return false;
    memcpy(directory->attributes, mapping->addresses.items,
           n * sizeof *directory->attributes);
    for (unsigned i = 0; i < 3; i++) {
        if (others[i] != NULL)
            directory->attributes[n++] = others[i];
    }
    return true;
}

struct sdr_directory *
sdr_directory_new(const struct sdr_config *config, unsigned index)
{
    struct sdr_directory *d = calloc(1, sizeof *d);
    bool ok;

    if (d == NULL)
        return NULL;
    sdr_connection_init();
    d->config = config;
    d->options = &config->directories[index];
    d->index = index;
    d->servers = calloc(d->options->uris.count, sizeof *d->servers);
    if (d->servers != NULL)
        init_locks(d);
    ok = d->servers != NULL && list_attributes(d);
    for (unsigned i = 0; ok && i < d->options->uris.count; i++) {
        d->servers[i].uri = d->options->uris.items[i];
        d->servers[i].slots =
            calloc(d->options->max_connections, sizeof *d->servers[i].slots);
        ok = d->servers[i].slots != NULL;
    }
    if (!ok)
        sdr_directory_free(&d);
    return d;
}

static void
drop(struct slot *slot, bool ours)
{
    if (ours)
        sdr_connection_close(&slot->connection);
    else
        sdr_connection_abandon(&slot->connection);
    sdr_sight_clear(&slot->sight);
}

static void
drop_all(struct sdr_directory *directory, bool ours)
{
    for (unsigned i = 0; i < directory->options->uris.count; i++) {
        struct slot *slots = directory->servers[i].slots;

        for (unsigned k = 0;
             slots != NULL && k < directory->options->max_connections; k++) {
            drop(&slots[k], ours);
            slots[k].busy = false;
        }
    }
}

void
sdr_directory_free(struct sdr_directory **directory)
{
    struct sdr_directory *d = *directory;
    struct sigpipe saved;

    if (d == NULL)
        return;
    sigpipe_block(&saved);
    if (d->servers != NULL)
        drop_all(d, d->pid == getpid());
    sigpipe_restore(&saved);
    for (unsigned i = 0; d->servers != NULL && i < d->options->uris.count;
         i++) {
        if (d->pid == getpid())
            pthread_cond_destroy(&d->servers[i].changed);
        free(d->servers[i].slots);
    }
    if (d->pid == getpid())
        pthread_mutex_destroy(&d->lock);
    free(d->servers);
    free(d->attributes);
    free(d);
    *directory = NULL;
}

/* In a child, what the parent's threads had open is not ours to close, and the
 * lock may be held by a thread that does not exist here. */
static void
after_fork(struct sdr_directory *directory)
{
    if (directory->pid == getpid())
        return;
    drop_all(directory, false);
    init_locks(directory);
}

/* ---- the pool ---- */

static bool
is_stale(const struct slot *slot)
{
    return sdr_clock() - slot->used_at > IDLE_MS;
}

/* The open slot that was used last, else one that is not open; NULL if all are
 * busy. Slots that rested too long are closed on the way. */
static struct slot *
find_slot(const struct sdr_directory *directory, struct server *server)
{
    struct slot *best = NULL;

    for (unsigned i = 0; i < directory->options->max_connections; i++) {
        struct slot *slot = &server->slots[i];

        if (slot->busy)
            continue;
        if (slot->connection != NULL && is_stale(slot))
            drop(slot, true);
        if (best == NULL
            || (slot->connection != NULL
                && (best->connection == NULL || slot->used_at > best->used_at)))
            best = slot;
    }
    return best;
}

/* Close what rests in the pool of a server that is gone. */
static void
drop_idle(const struct sdr_directory *directory, struct server *server)
{
    for (unsigned i = 0; i < directory->options->max_connections; i++) {
        if (!server->slots[i].busy)
            drop(&server->slots[i], true);
    }
}

/* ---- one question to one server ---- */

/* A search on its way to facts. */
struct inquiry {
    struct sdr_directory *directory;
    const struct sdr_keys *keys;
    const struct sdr_trace *trace;
    struct sdr_reader reader;
    struct sdr_facts *facts;
    bool found;
    char entry_dn[DN_MAX_OCTETS]; /* of the entry under way */
    char dn[DN_MAX_OCTETS];       /* of an entry that was found */
};

static void
on_entry(void *arg, const char *dn)
{
    struct inquiry *inquiry = arg;

    sdr_trace(inquiry->trace, "entry %s", dn);
    snprintf(inquiry->entry_dn, sizeof inquiry->entry_dn, "%s", dn);
    sdr_reader_begin(&inquiry->reader, inquiry->directory->config,
                     inquiry->keys, inquiry->directory->index, dn);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct inquiry *inquiry = arg;

    sdr_trace(inquiry->trace, "  %s: %.*s", attribute,
              (int)(len > 1024 ? 1024 : len), value);
    sdr_reader_value(&inquiry->reader, attribute, value, len);
}

static void
on_end(void *arg)
{
    struct inquiry *inquiry = arg;

    if (sdr_reader_end(&inquiry->reader, inquiry->facts, &inquiry->found))
        memcpy(inquiry->dn, inquiry->entry_dn, sizeof inquiry->dn);
    else
        sdr_trace(inquiry->trace,
                  "  ignored: none of its addresses is the recipient's");
}

static enum sdr_status
search_and_prove(struct inquiry *inquiry, struct slot *slot, const char *filter,
                 int64_t deadline, bool *broken, struct sdr_error *error)
{
    struct sdr_directory *directory = inquiry->directory;
    struct sdr_search search = {.filter = filter,
                                .attributes = directory->attributes,
                                .size_limit = ENTRIES_MAX,
                                .entry = on_entry,
                                .value = on_value,
                                .end = on_end,
                                .arg = inquiry};
    enum sdr_status status = sdr_connection_search(slot->connection, &search,
                                                   deadline, broken, error);

    if (status != SDR_OK)
        return status;
    if (!search.complete) {
        sdr_error_set(error,
                      "search: more than %d entries, or a referral to "
                      "another server: not all was seen",
                      ENTRIES_MAX);
        return SDR_TEMPFAIL;
    }
    if (inquiry->found)
        return sdr_sight_prove_entry(&slot->sight, slot->connection,
                                     directory->options, inquiry->dn, deadline,
                                     broken, error);
    sdr_trace(inquiry->trace, "no entry; does this connection see any?");
    status = sdr_sight_prove(&slot->sight, slot->connection, directory->options,
                             deadline, broken, error);
    return status == SDR_OK ? SDR_NOTFOUND : status;
}

static enum sdr_status
ask_slot(struct inquiry *inquiry, const struct server *server,
         struct slot *slot, int64_t deadline, bool *broken,
         struct sdr_error *error)
{
    char *filter;
    enum sdr_status status;

    *broken = true;
    if (slot->connection == NULL
        && sdr_connection_open(&slot->connection, inquiry->directory->options,
                               server->uri, deadline, error)
               != SDR_OK)
        return SDR_TEMPFAIL;
    *broken = false;
    filter = sdr_filter_keys(inquiry->directory->options, inquiry->keys);
    if (filter == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    sdr_trace(inquiry->trace, "server %s", server->uri);
    sdr_trace(inquiry->trace, "base %s",
              inquiry->directory->options->search_base);
    sdr_trace(inquiry->trace, "filter %s", filter);
    inquiry->found = false;
    status = search_and_prove(inquiry, slot, filter, deadline, broken, error);
    free(filter);
    if (status == SDR_TEMPFAIL)
        sdr_error_prefix(error, "%s", server->uri);
    return status;
}

/* Ask the server; once more over a new connection if the one from the pool was
 * dead (the server was restarted, a firewall forgot it). */
static enum sdr_status
ask_server(struct inquiry *inquiry, struct server *server, struct slot *slot,
           int64_t until, bool *broken, struct sdr_error *error)
{
    bool pooled = slot->connection != NULL;
    enum sdr_status status =
        ask_slot(inquiry, server, slot, until, broken, error);

    if (status == SDR_TEMPFAIL && pooled && *broken && sdr_clock() < until) {
        sdr_trace(inquiry->trace, "%s; once more over a new connection",
                  error->text);
        drop(slot, true);
        pthread_mutex_lock(&inquiry->directory->lock);
        drop_idle(inquiry->directory, server);
        pthread_mutex_unlock(&inquiry->directory->lock);
        status = ask_slot(inquiry, server, slot, until, broken, error);
    }
    if (status == SDR_TEMPFAIL)
        sdr_trace(inquiry->trace, "%s", error->text);
    return status;
}

/* ---- failover ---- */

/* One question's way through the servers. */
struct tour {
    bool *asked;
    unsigned left;
    int64_t deadline;
    int64_t least; /* time that is needed to judge a server fairly */
    int64_t worst; /* rank of a server that is still asked */
};

/* The later a server should be asked, the greater: 0 if it is well or has
 * rested, else the one that failed last is the last. To ask one that has rested
 * is a trial, for which one asker is enough. */
static int64_t
rank(const struct server *server, const struct slot *slot)
{
    int64_t now = sdr_clock();

    if (server->failed_at == 0
        || (slot != NULL && now >= server->failed_at + FAILED_MS
            && now >= server->tried_until))
        return 0;
    return server->failed_at;
}

/* The server to be asked now, the first of those with the lowest rank; NULL if
 * there is none. Its slot; NULL if all are busy. */
static struct slot *
choose(const struct sdr_directory *directory, const struct tour *tour,
       struct server **server)
{
    struct slot *chosen = NULL;
    int64_t lowest = 0;

    *server = NULL;
    for (unsigned i = 0; i < directory->options->uris.count; i++) {
        struct server *candidate = &directory->servers[i];
        struct slot *slot = find_slot(directory, candidate);
        int64_t its = rank(candidate, slot);

        if (tour->asked[i] || its > tour->worst
            || (*server != NULL && its >= lowest))
            continue;
        *server = candidate;
        chosen = slot;
        lowest = its;
    }
    return chosen;
}

static bool
may_go_on(const struct tour *tour)
{
    return tour->left > 0 && tour->deadline - sdr_clock() >= tour->least;
}

/* A silent server must leave time for the others. */
static int64_t
share(const struct tour *tour)
{
    int64_t now = sdr_clock();

    return now + (tour->deadline - now) / tour->left;
}

/* Who was woken for a server's slot and goes elsewhere wakes the next one. */
static void
pass_on(struct server *waited, const struct server *server)
{
    if (waited != NULL && waited != server)
        pthread_cond_signal(&waited->changed);
}

/* Until when to wait for a slot of SERVER: those who wait leave time to ask,
 * and to wait for the others that are well. */
static struct timespec
patience(const struct sdr_directory *directory, const struct tour *tour,
         const struct server *server)
{
    int64_t now = sdr_clock(), until;
    unsigned well = 1;

    for (unsigned i = 0; i < directory->options->uris.count; i++)
        well += !tour->asked[i] && directory->servers[i].failed_at == 0
                && server != &directory->servers[i];
    until = now + (tour->deadline - now) / well - tour->least * tour->left;
    return (struct timespec){.tv_sec = until / 1000,
                             .tv_nsec = until % 1000 * 1000000};
}

/* Wait for a slot of the server to be asked; NULL if all stay busy, or there is
 * no server. Which one that is may change meanwhile: nobody waits for one that
 * has failed while another is well. */
static struct slot *
take(struct sdr_directory *directory, const struct tour *tour,
     struct server **server)
{
    struct server *waited = NULL;
    struct timespec until = {0, 0};
    struct slot *slot;
    int rc = 0;

    pthread_mutex_lock(&directory->lock);
    while ((slot = choose(directory, tour, server)) == NULL && *server != NULL
           && (rc == 0 || *server != waited)) {
        if (*server != waited) {
            pass_on(waited, *server);
            waited = *server;
            until = patience(directory, tour, waited);
        }
        rc = pthread_cond_timedwait(&waited->changed, &directory->lock, &until);
    }
    pass_on(waited, *server);
    if (slot != NULL) {
        slot->busy = true;
        if ((*server)->failed_at != 0)
            (*server)->tried_until = tour->deadline;
    }
    pthread_mutex_unlock(&directory->lock);
    return slot;
}

static void
give_back(struct sdr_directory *directory, struct server *server,
          struct slot *slot, bool broken, bool well)
{
    if (broken)
        drop(slot, true);
    pthread_mutex_lock(&directory->lock);
    if (broken)
        drop_idle(directory, server);
    slot->used_at = sdr_clock();
    slot->busy = false;
    if (well && server->failed_at == 0) {
        pthread_cond_signal(&server->changed);
    } else {
        server->failed_at = well ? 0 : slot->used_at;
        for (unsigned i = 0; i < directory->options->uris.count; i++)
            pthread_cond_broadcast(&directory->servers[i].changed);
    }
    pthread_mutex_unlock(&directory->lock);
}

static enum sdr_status
ask_next(struct inquiry *inquiry, struct tour *tour, struct sdr_error *error)
{
    struct sdr_directory *directory = inquiry->directory;
    struct server *server;
    struct slot *slot = take(directory, tour, &server);
    int64_t until = share(tour);
    enum sdr_status status;
    bool broken;

    if (server == NULL)
        return SDR_TEMPFAIL;
    tour->asked[server - directory->servers] = true;
    tour->left--;
    if (slot == NULL) {
        sdr_error_set(error, "%s: all connections are busy", server->uri);
        sdr_trace(inquiry->trace, "%s", error->text);
        return SDR_TEMPFAIL;
    }
    status = ask_server(inquiry, server, slot, until, &broken, error);
    give_back(directory, server, slot, broken, status != SDR_TEMPFAIL);
    return status;
}

/* A mirror that is being filled, or lags, does not know everybody. While there
 * is another that is well, two must say that they know nothing better. */
static enum sdr_status
ask_another(struct inquiry *inquiry, struct tour *tour, enum sdr_status status)
{
    struct sdr_facts *facts = inquiry->facts;
    struct sdr_facts others;
    struct sdr_error ignored;

    tour->worst = 0;
    inquiry->facts = &others;
    if (may_go_on(tour) && ask_next(inquiry, tour, &ignored) == SDR_OK
        && (status != SDR_OK || others.key < facts->key)) {
        *facts = others;
        status = SDR_OK;
    }
    inquiry->facts = facts;
    return status;
}

static enum sdr_status
ask_all(struct inquiry *inquiry, struct sdr_error *error)
{
    const struct sdr_directory_options *options = inquiry->directory->options;
    int64_t time = (int64_t)options->timeout * 1000;
    struct tour tour = {.asked =
                            calloc(options->uris.count, sizeof *tour.asked),
                        .left = options->uris.count,
                        .deadline = sdr_clock() + time,
                        .least = time / options->uris.count / 8,
                        .worst = INT64_MAX};
    enum sdr_status status = SDR_TEMPFAIL;

    if (tour.asked == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    while (status == SDR_TEMPFAIL && may_go_on(&tour))
        status = ask_next(inquiry, &tour, error);
    if (status == SDR_NOTFOUND || (status == SDR_OK && inquiry->facts->key > 0))
        status = ask_another(inquiry, &tour, status);
    free(tour.asked);
    return status;
}

enum sdr_status
sdr_directory_lookup(struct sdr_directory *directory,
                     const struct sdr_keys *keys, const struct sdr_trace *trace,
                     struct sdr_facts *facts, struct sdr_error *error)
{
    struct inquiry inquiry = {
        .directory = directory, .keys = keys, .trace = trace, .facts = facts};
    enum sdr_status status;
    struct sigpipe saved;

    sigpipe_block(&saved);
    after_fork(directory);
    sdr_trace(trace, "directory %s", directory->options->name);
    status = ask_all(&inquiry, error);
    sigpipe_restore(&saved);
    return status;
}
