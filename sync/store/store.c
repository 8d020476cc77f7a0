/* store.c - see store.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include "replica/fingerprint.h"
#include "store/guard.h"
#include "store/environment.h"
#include "store/boot_clock.h"
#include "store/state.h"
#include "store/tables.h"

/* With more withheld changes than this, they are checked after full reads only.
 */
enum { SORT_OUT_MAX = 10000 };

/* The limit of moves in percent that means none. */
enum { NO_LIMIT = 100 };

struct store {
    const struct sdr_config *config;
    struct environment environment;                        /* the open file */
    unsigned char (*fingerprints)[SDR_RECORD_FINGERPRINT]; /* by directory */
    int64_t
        *undone_at; /* by directory: when fewer were held back than before */
    pthread_mutex_t lock; /* protects transactions */
};

/* ---- transactions ---- */

/* The work of a transaction; repeated if the file had to grow. */
struct work {
    struct store *store;
    struct tables tables;
    int (*run)(struct work *work);
    const struct batch *batch;
    const struct store_mark *mark;
    struct store_outcome *outcome;
    const char *error;
    uint64_t limit;
    struct boot_time now;
};

static int
run_once(struct work *work)
{
    struct environment *environment = &work->store->environment;
    int rc = mdb_txn_begin(environment->env, NULL, 0, &work->tables.txn);

    if (rc != 0)
        return rc;
    work->tables.addresses = environment->addresses;
    work->tables.entries = environment->entries;
    work->tables.held = environment->held;
    work->tables.meta = environment->meta;
    work->tables.number = environment->number;
    rc = work->run(work);
    if (rc != 0) {
        mdb_txn_abort(work->tables.txn);
        return rc;
    }
    return mdb_txn_commit(work->tables.txn);
}

static enum sdr_status
reported(const struct store *store, int rc, struct sdr_error *error)
{
    if (rc == 0)
        return SDR_OK;
    if (environment_is_damaged(rc))
        unlink(store->config->replica.path); /* can be read from the directory
                                                again */
    sdr_error_set(error, "%s: %s", store->config->replica.path,
                  environment_explain(rc));
    return SDR_TEMPFAIL;
}

/* Reopen the file, as LMDB requires after a failed write (full disk). */
static enum sdr_status
reopen(struct store *store, struct sdr_error *error)
{
    environment_close(&store->environment);
    return environment_open(&store->environment, store->config->replica.path,
                            error);
}

static enum sdr_status
run(struct work *work, struct sdr_error *error)
{
    struct store *store = work->store;
    int rc;

    pthread_mutex_lock(&store->lock);
    rc = store->environment.env != NULL ? run_once(work) : MDB_PANIC;
    while (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED) {
        rc = environment_grow(&store->environment);
        if (rc == 0)
            rc = run_once(work);
    }
    if (rc == MDB_PANIC && reopen(store, error) == SDR_OK)
        rc = run_once(work);
    pthread_mutex_unlock(&store->lock);
    return reported(store, rc, error);
}

static struct work
work_on(struct store *store, unsigned directory,
        int (*run_function)(struct work *work))
{
    return (struct work){.store = store,
                         .run = run_function,
                         .now = boot_clock_now(),
                         .tables = {.directory = (unsigned char)directory}};
}

/* ---- opening ---- */

/* Discard a copy that was made for another configuration. */
static int
begin_directory(struct work *work)
{
    const struct tables *tables = &work->tables;
    struct state state;
    int rc = state_read(tables, work->store->fingerprints[tables->directory],
                        &state);

    if (rc == 0)
        return 0;
    rc = tables_clear(tables, tables->addresses);
    if (rc == 0)
        rc = tables_clear(tables, tables->entries);
    if (rc == 0)
        rc = tables_clear(tables, tables->held);
    return rc != 0 ? rc : state_write(tables, &state);
}

/* Remove the data of directories that are no longer configured. */
static int
clear_rest(struct work *work)
{
    const struct tables *tables = &work->tables;
    MDB_dbi all[] = {tables->addresses, tables->entries, tables->held};
    unsigned first = work->store->config->directory_count;
    int rc = 0;

    for (unsigned d = first; rc == 0 && d <= UCHAR_MAX; d++) {
        work->tables.directory = (unsigned char)d;
        for (size_t i = 0; rc == 0 && i < sizeof all / sizeof all[0]; i++)
            rc = tables_clear(tables, all[i]);
        if (rc == 0)
            rc = state_forget(tables);
    }
    return rc;
}

static enum sdr_status
adopt(struct store *store, struct sdr_error *error)
{
    struct work work;
    enum sdr_status status = SDR_OK;

    for (unsigned i = 0; status == SDR_OK && i < store->config->directory_count;
         i++) {
        work = work_on(store, i, begin_directory);
        status = run(&work, error);
    }
    work = work_on(store, 0, clear_rest);
    return status != SDR_OK ? status : run(&work, error);
}

static bool
make_fingerprints(struct store *store)
{
    unsigned count = store->config->directory_count;

    store->fingerprints = calloc(count, sizeof *store->fingerprints);
    store->undone_at = calloc(count, sizeof *store->undone_at);
    if (store->fingerprints == NULL || store->undone_at == NULL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (!sdr_fingerprint(store->config, i, store->fingerprints[i]))
            return false;
    }
    return true;
}

enum sdr_status
store_open(struct store **store, const struct sdr_config *config,
           struct sdr_error *error)
{
    struct store *s = calloc(1, sizeof *s);
    enum sdr_status status = SDR_TEMPFAIL;

    *store = NULL;
    if (s == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    s->config = config;
    s->environment.fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    if (!make_fingerprints(s))
        sdr_error_set(error, "no memory");
    else
        status = environment_open(&s->environment, config->replica.path, error);
    if (status == SDR_OK)
        status = adopt(s, error);
    if (status != SDR_OK)
        store_close(&s);
    *store = s;
    return status;
}

void
store_close(struct store **store)
{
    struct store *s = *store;

    *store = NULL;
    if (s == NULL)
        return;
    environment_close(&s->environment);
    pthread_mutex_destroy(&s->lock);
    free(s->fingerprints);
    free(s->undone_at);
    free(s);
}

/* ---- commits ---- */

static int
read_state(struct work *work, struct state *state)
{
    const struct tables *tables = &work->tables;
    int rc =
        state_read(tables, work->store->fingerprints[tables->directory], state);

    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

/* Record a mass move, and report it once. Returns the number of moves to
 * report. */
static uint64_t
notice_moves(const struct work *work, struct state *state,
             const struct guard *guard)
{
    uint64_t moved = state->own.moved;

    if (work->mark == NULL || work->mark->stage == STORE_MIDDLE
        || !guard_is_mass_move(moved, guard->entries,
                               work->store->config->replica.max_removed))
        return 0;
    if (guard->moves > 0) {
        state->status.mass_move = moved;
        state->status.mass_moved = time(NULL);
    }
    if (state->own.warned != 0)
        return 0;
    state->own.warned = 1;
    return moved;
}

/* Write the state as it is after the guard has done its work. */
static int
conclude(struct work *work, struct state *state, const struct guard *guard)
{
    uint64_t mass_move;

    state_set_guard(state, guard, &work->now);
    mass_move = notice_moves(work, state, guard);
    if (guard->changed) {
        state->status.generation++;
        state->status.changed = time(NULL);
    }
    if (work->outcome != NULL)
        *work->outcome = (struct store_outcome){.entries = guard->entries,
                                                .held = guard->held,
                                                .holding = guard->holding,
                                                .lost = guard->lost,
                                                .moving = guard->moving,
                                                .of = guard->of,
                                                .mass_move = mass_move};
    return state_write(&work->tables, state);
}

/* Record whether the directory is getting back what is held back. A full read
 * shows the result. */
static void
note_undo(const struct work *work, const struct state *state,
          struct guard *guard)
{
    int64_t *undone_at = &work->store->undone_at[work->tables.directory];
    int64_t now = work->now.seconds;

    if (guard->holding != 0 && guard->held < state->shown.held)
        *undone_at = now;
    guard->being_undone = work->mark->stage == STORE_CHANGES && *undone_at != 0
                          && now - *undone_at < GUARD_UNDO;
}

/* Decide whether withheld changes are released. Before the first full read no
 * reader has seen the entries. */
static int
judge_losses(struct work *work, const struct state *state, struct guard *guard)
{
    const struct sdr_replica_options *options = &work->store->config->replica;
    const struct guard_limits limits = {options->max_removed,
                                        options->max_moved};
    const struct tables *tables = &work->tables;
    enum store_stage stage = work->mark->stage;
    int rc = 0;

    if (stage == STORE_MIDDLE)
        return 0;
    if (guard->held == 0) {
        guard->holding = 0;
        return 0;
    }
    if (state->shown.complete == 0)
        return guard_let_go(guard, tables);
    if (stage == STORE_FULL
        || (guard->held <= SORT_OUT_MAX && work->batch->count > 0))
        rc = guard_sort_out(guard, tables);
    note_undo(work, state, guard);
    return rc != 0 ? rc : guard_decide(guard, tables, &limits);
}

static int
commit(struct work *work)
{
    struct state state;
    struct guard guard;
    int rc = read_state(work, &state);

    guard = state_guard(&state, &work->now);
    guard.hold_moves = work->store->config->replica.max_moved < NO_LIMIT
                       && state.shown.complete != 0;
    for (size_t i = 0; rc == 0 && i < work->batch->count; i++)
        rc = guard_apply(&guard, &work->tables, &work->batch->changes[i]);
    if (rc == 0)
        rc = judge_losses(work, &state, &guard);
    state_mark(&state, work->mark, time(NULL));
    return rc != 0 ? rc : conclude(work, &state, &guard);
}

enum sdr_status
store_commit(struct store *store, unsigned directory, const struct batch *batch,
             const struct store_mark *mark, struct store_outcome *outcome,
             struct sdr_error *error)
{
    struct work work = work_on(store, directory, commit);

    work.batch = batch;
    work.mark = mark;
    work.outcome = outcome;
    return run(&work, error);
}

static int
accept_losses(struct work *work)
{
    struct state state;
    struct guard guard;
    int rc = read_state(work, &state);

    guard = state_guard(&state, &work->now);
    if (rc == 0 && guard.held <= work->limit) {
        rc = guard_let_go(&guard, &work->tables);
        guard.holding = 0;
        guard.recent = guard.moved = 0;
    }
    return rc != 0 ? rc : conclude(work, &state, &guard);
}

enum sdr_status
store_accept(struct store *store, unsigned directory, uint64_t limit,
             struct store_outcome *outcome, struct sdr_error *error)
{
    struct work work = work_on(store, directory, accept_losses);

    work.limit = limit;
    work.outcome = outcome;
    return run(&work, error);
}

static int
note(struct work *work)
{
    struct state state;
    int rc = read_state(work, &state);
    bool same = work->error == NULL
                    ? state.status.failed == 0
                    : strcmp(state.status.error, work->error) == 0
                          && state.status.failed != 0;

    if (rc != 0 || same)
        return rc;
    state.status.failed = work->error == NULL ? 0 : time(NULL);
    state_text(state.status.error, sizeof state.status.error,
               work->error == NULL ? "" : work->error);
    return state_write(&work->tables, &state);
}

void
store_note(struct store *store, unsigned directory, const char *error)
{
    struct work work = work_on(store, directory, note);
    struct sdr_error ignored;

    work.error = error;
    if (run(&work, &ignored) != SDR_OK)
        return; /* the next commit gets the same error */
}

/* ---- reading ---- */

static int
look_up_position(struct work *work, struct store_position *position)
{
    struct state state;
    int rc = read_state(work, &state);

    position->cookie_len = state.own.cookie_len;
    memcpy(position->cookie, state.own.cookie, state.own.cookie_len);
    memcpy(position->server, state.status.server, sizeof position->server);
    position->complete = state.shown.complete != 0;
    position->refreshed = state.status.refreshed;
    return rc;
}

/* Take the lock and begin to read. */
static int
begin_reading(struct work *work)
{
    struct environment *environment = &work->store->environment;

    pthread_mutex_lock(&work->store->lock);
    work->tables.addresses = environment->addresses;
    work->tables.entries = environment->entries;
    work->tables.held = environment->held;
    work->tables.meta = environment->meta;
    work->tables.number = environment->number;
    return environment->env == NULL
               ? MDB_PANIC
               : mdb_txn_begin(environment->env, NULL, MDB_RDONLY,
                               &work->tables.txn);
}

static void
end_reading(struct work *work)
{
    if (work->tables.txn != NULL)
        mdb_txn_abort(work->tables.txn);
    pthread_mutex_unlock(&work->store->lock);
}

enum sdr_status
store_position(struct store *store, unsigned directory,
               struct store_position *position, struct sdr_error *error)
{
    struct work work = work_on(store, directory, NULL);
    int rc = begin_reading(&work);

    if (rc == 0)
        rc = look_up_position(&work, position);
    end_reading(&work);
    return reported(store, rc, error);
}

enum sdr_status
store_look(struct store *store, unsigned directory,
           struct sdr_record_state *shown, struct sdr_record_status *status,
           struct sdr_error *error)
{
    struct work work = work_on(store, directory, NULL);
    struct state state = {0};
    int rc = begin_reading(&work);

    if (rc == 0)
        rc = state_read(&work.tables, store->fingerprints[directory], &state);
    if (rc == MDB_NOTFOUND)
        rc = 0; /* nothing written yet */
    end_reading(&work);
    *shown = state.shown;
    *status = state.status;
    return reported(store, rc, error);
}

static int
sweep(const struct tables *tables, const struct entry_set *seen,
      struct batch *batch)
{
    MDB_val key = {1, (void *)(uintptr_t)&tables->directory}, value;
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(tables->txn, tables->entries, &cursor);

    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && key.mv_size == 1 + SDR_RECORD_ID_SIZE
           && *(unsigned char *)key.mv_data == tables->directory) {
        const unsigned char *id = (const unsigned char *)key.mv_data + 1;

        if (!entry_set_has(seen, id) && !batch_delete(batch, id))
            rc = ENOMEM;
        else
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum sdr_status
store_sweep(struct store *store, unsigned directory,
            const struct entry_set *seen, struct batch *batch,
            struct sdr_error *error)
{
    struct work work = work_on(store, directory, NULL);
    int rc = begin_reading(&work);

    if (rc == 0)
        rc = sweep(&work.tables, seen, batch);
    end_reading(&work);
    return reported(store, rc, error);
}

enum sdr_status
store_sample(struct store *store, unsigned directory,
             unsigned char (*ids)[SDR_RECORD_ID_SIZE], unsigned most,
             unsigned *count, struct sdr_error *error)
{
    struct work work = work_on(store, directory, NULL);
    int rc = begin_reading(&work);
    struct tables_id id;
    bool begun = false;

    *count = 0;
    while (rc == 0 && *count < most) {
        rc = tables_next(&work.tables, work.tables.entries, &begun, &id);
        if (rc == 0)
            memcpy(ids[(*count)++], id.octets + 1, SDR_RECORD_ID_SIZE);
    }
    end_reading(&work);
    return reported(store, rc == MDB_NOTFOUND ? 0 : rc, error);
}

bool
store_was_made_anew(const struct store *store)
{
    return store->environment.made_anew;
}

bool
store_is_lost(struct store *store)
{
    bool there;

    pthread_mutex_lock(&store->lock);
    there = store->environment.env == NULL
            || environment_is_there(&store->environment,
                                    store->config->replica.path);
    pthread_mutex_unlock(&store->lock);
    return !there;
}

void
store_tidy(struct store *store)
{
    int dead = 0;

    pthread_mutex_lock(&store->lock);
    if (store->environment.env != NULL)
        mdb_reader_check(store->environment.env, &dead);
    pthread_mutex_unlock(&store->lock);
}
