/* state.c - see state.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/state.h"

#include <stddef.h>
#include <string.h>

#include "store/sealed.h"

enum { SHOWN = 0, STATUS = 's', OWN = 'w' };

static int
get(const struct tables *tables, char kind, void *out, size_t min, size_t max)
{
    unsigned char name[2] = {tables->directory, (unsigned char)kind};
    MDB_val key = {kind == SHOWN ? 1 : 2, name}, value;
    int rc = sealed_get(tables, tables->meta, &key, &value);

    if (rc != 0)
        return rc;
    if (value.mv_size < min || value.mv_size > max)
        return MDB_CORRUPTED;
    memcpy(out, value.mv_data, value.mv_size);
    return 0;
}

static int
put(const struct tables *tables, char kind, const void *octets, size_t len)
{
    unsigned char name[2] = {tables->directory, (unsigned char)kind};
    MDB_val key = {kind == SHOWN ? 1 : 2, name};

    return sealed_put(tables, tables->meta, &key, octets, len);
}

int
state_read(const struct tables *tables,
           const unsigned char fingerprint[SDR_RECORD_FINGERPRINT],
           struct state *state)
{
    int rc;

    memset(state, 0, sizeof *state);
    rc = get(tables, SHOWN, &state->shown, sizeof state->shown,
             sizeof state->shown);
    if (rc == 0)
        rc = get(tables, STATUS, &state->status, sizeof state->status,
                 sizeof state->status);
    if (rc == 0)
        rc = get(tables, OWN, &state->own, offsetof(struct state_own, cookie),
                 sizeof state->own);
    if (rc == 0
        && memcmp(state->shown.fingerprint, fingerprint, SDR_RECORD_FINGERPRINT)
               != 0)
        rc = MDB_NOTFOUND;
    if (rc != 0) {
        memset(state, 0, sizeof *state);
        memcpy(state->shown.fingerprint, fingerprint, SDR_RECORD_FINGERPRINT);
    }
    return rc;
}

int
state_write(const struct tables *tables, const struct state *state)
{
    int rc = put(tables, SHOWN, &state->shown, sizeof state->shown);

    if (rc == 0)
        rc = put(tables, STATUS, &state->status, sizeof state->status);
    if (rc == 0)
        rc = put(tables, OWN, &state->own,
                 offsetof(struct state_own, cookie) + state->own.cookie_len);
    return rc;
}

int
state_forget(const struct tables *tables)
{
    static const char kinds[] = {SHOWN, STATUS, OWN};
    int rc = 0;

    for (size_t i = 0; i < sizeof kinds && (rc == 0 || rc == MDB_NOTFOUND);
         i++) {
        unsigned char name[2] = {tables->directory, (unsigned char)kinds[i]};
        MDB_val key = {kinds[i] == SHOWN ? 1 : 2, name};

        rc = mdb_del(tables->txn, tables->meta, &key, NULL);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct guard
state_guard(const struct state *state, const struct boot_time *now)
{
    const struct boot_time *since = &state->own.recent_since;
    struct guard guard = {.entries = state->shown.entries,
                          .held = state->shown.held,
                          .recent = state->own.recent,
                          .moved = state->own.moved,
                          .recent_since = since->seconds,
                          .holding = (uint32_t)state->shown.holding};

    if (memcmp(since->boot, now->boot, sizeof now->boot) != 0
        || since->seconds > now->seconds)
        guard.recent_since = now->seconds;
    guard_begin(&guard, now->seconds);
    return guard;
}

void
state_set_guard(struct state *state, const struct guard *guard,
                const struct boot_time *now)
{
    state->shown.entries = guard->entries;
    state->shown.held = guard->held;
    state->shown.holding = guard->holding;
    state->status.moves += guard->moves;
    state->own.recent = guard->recent;
    state->own.moved = guard->moved + guard->moves;
    state->own.recent_since = *now;
    state->own.recent_since.seconds = guard->recent_since;
    if (state->own.recent == 0 && state->own.moved == 0)
        state->own.warned = 0;
}

void
state_text(char *out, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);

    memset(out, 0, size);
    memcpy(out, text, len);
}

/* Set the server; a cookie is only valid for the server that issued it. */
static void
set_server(struct state *state, const char *server)
{
    char text[sizeof state->status.server];

    state_text(text, sizeof text, server);
    if (strcmp(text, state->status.server) == 0)
        return;
    memcpy(state->status.server, text, sizeof text);
    state->own.cookie_len = 0;
}

void
state_mark(struct state *state, const struct store_mark *mark, int64_t now)
{
    if (mark->method != NULL) {
        state_text(state->status.method, sizeof state->status.method,
                   mark->method);
        state->shown.from_a_file = mark->from_a_file ? 1 : 0;
    }
    if (mark->server != NULL)
        set_server(state, mark->server);
    if (mark->cookie != NULL && mark->cookie_len <= STORE_COOKIE_MAX) {
        memcpy(state->own.cookie, mark->cookie, mark->cookie_len);
        state->own.cookie_len = (uint32_t)mark->cookie_len;
    } else if (mark->cookie != NULL) {
        state->own.cookie_len = 0;
    }
    if (mark->contact != 0)
        state->shown.contact = mark->contact;
    if (mark->stage == STORE_FULL) {
        state->shown.complete = 1;
        state->status.refreshed = now;
    }
}
