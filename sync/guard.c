/* guard.c - see guard.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loss.h"

/* So few are never too many, unless they are all. */
enum { ALWAYS_FEW = 5 };

/* For how long what was let go counts (seconds). */
enum { RECENT = 600 };

bool
guard_is_too_much(uint64_t losses, uint64_t entries, unsigned max_removed)
{
    if (losses == 0)
        return false;
    if (losses >= entries)
        return true;
    return losses > ALWAYS_FEW && losses * 100 > entries * max_removed;
}

/* ---- what is put aside ---- */

static int
put_aside(struct guard *guard, const struct tables *tables,
          const struct tables_id *id, const void *octets, size_t len)
{
    MDB_val key = {sizeof id->octets, (void *)(uintptr_t)id->octets};
    MDB_val value = {len, (void *)(uintptr_t)octets}, old;
    int rc = mdb_get(tables->txn, tables->held, &key, &old);

    if (rc == MDB_NOTFOUND)
        guard->held++;
    else if (rc != 0)
        return rc;
    return mdb_put(tables->txn, tables->held, &key, &value, 0);
}

static int
forget(struct guard *guard, const struct tables *tables,
       const struct tables_id *id)
{
    MDB_val key = {sizeof id->octets, (void *)(uintptr_t)id->octets};
    int rc;

    if (guard->held == 0)
        return 0;
    rc = mdb_del(tables->txn, tables->held, &key, NULL);
    if (rc == 0)
        guard->held--;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- what readers see ---- */

static int
show(struct guard *guard, const struct tables *tables,
     const struct tables_id *id, const void *octets, size_t len)
{
    guard->changed = true;
    return tables_put(tables, id, octets, len);
}

static int
hide(struct guard *guard, const struct tables *tables,
     const struct tables_id *id)
{
    guard->changed = true;
    guard->entries--;
    return tables_drop(tables, id);
}

/* ---- one change ---- */

/* The entry loses something: keep that, take what is new. OLD is LMDB's. */
static int
apply_loss(struct guard *guard, const struct tables *tables,
           const struct tables_id *id, const MDB_val *old,
           const struct change *change)
{
    struct entry_view before, after;
    unsigned char *octets = NULL;
    size_t len = 0;
    int rc = 0;

    if (!entry_read(&before, old->mv_data, old->mv_size)
        || (change->octets != NULL
            && !entry_read(&after, change->octets, change->len)))
        return MDB_CORRUPTED;
    if (!loss_undo(&before, change->octets != NULL ? &after : NULL, &octets,
                   &len))
        return ENOMEM;
    if (len != old->mv_size || memcmp(octets, old->mv_data, len) != 0)
        rc = show(guard, tables, id, octets, len);
    free(octets);
    return rc != 0 ? rc
                   : put_aside(guard, tables, id, change->octets, change->len);
}

static bool
is_same(const MDB_val *old, const struct change *change)
{
    return change->octets != NULL && old->mv_size == change->len
           && memcmp(old->mv_data, change->octets, change->len) == 0;
}

static bool
is_loss(const MDB_val *old, const struct change *change)
{
    struct entry_view before, after;

    if (change->octets == NULL)
        return true;
    return entry_read(&before, old->mv_data, old->mv_size)
           && entry_read(&after, change->octets, change->len)
           && loss_is(&before, &after);
}

int
guard_apply(struct guard *guard, const struct tables *tables,
            const struct change *change)
{
    struct tables_id id = tables_id(tables, change->id);
    MDB_val old;
    int rc = tables_get(tables, tables->entries, &id, &old);

    if (rc == MDB_NOTFOUND) {
        if (change->octets == NULL)
            return 0;
        guard->entries++;
        return show(guard, tables, &id, change->octets, change->len);
    }
    if (rc != 0)
        return rc;
    if (is_same(&old, change))
        return forget(guard, tables, &id);
    if (is_loss(&old, change))
        return apply_loss(guard, tables, &id, &old, change);
    rc = show(guard, tables, &id, change->octets, change->len);
    return rc != 0 ? rc : forget(guard, tables, &id);
}

/* ---- all that is put aside ---- */

/* The octets as the directory has them, copied; NULL if it has none. */
static int
copy_held(const struct tables *tables, const struct tables_id *id,
          struct change *truth)
{
    MDB_val value;
    int rc = tables_get(tables, tables->held, id, &value);

    memset(truth, 0, sizeof *truth);
    memcpy(truth->id, id->octets + 1, sizeof truth->id);
    if (rc != 0 || value.mv_size == 0)
        return rc;
    truth->octets = malloc(value.mv_size);
    if (truth->octets == NULL)
        return ENOMEM;
    memcpy(truth->octets, value.mv_data, value.mv_size);
    truth->len = value.mv_size;
    return 0;
}

static int
let_one_go(struct guard *guard, const struct tables *tables,
           const struct tables_id *id)
{
    struct change truth;
    int rc = copy_held(tables, id, &truth);

    if (rc == 0 && truth.octets != NULL)
        rc = show(guard, tables, id, truth.octets, truth.len);
    else if (rc == 0)
        rc = hide(guard, tables, id);
    free(truth.octets);
    return rc != 0 ? rc : forget(guard, tables, id);
}

int
guard_let_go(struct guard *guard, const struct tables *tables)
{
    struct tables_id id;
    bool begun = false;
    int rc = 0;

    while (rc == 0 && guard->held > 0) {
        rc = tables_next(tables, tables->held, &begun, &id);
        if (rc == 0)
            rc = let_one_go(guard, tables, &id);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Nothing is lost but addresses that others have now: it is a move. */
static bool
is_move(const struct tables *tables, const struct tables_id *id,
        const MDB_val *shown, const struct change *truth)
{
    struct entry_view before, after = {0};
    struct entry_key key, kept;
    struct sdr_facts facts;
    bool has_kept = false;

    if (!entry_read(&before, shown->mv_data, shown->mv_size)
        || !entry_facts(&before, &facts))
        return false;
    if (truth->octets != NULL) {
        if (!entry_read(&after, truth->octets, truth->len)
            || loss_of_owner(&before, &after))
            return false;
        has_kept = entry_next_key(&after, &kept);
    }
    while (entry_next_key(&before, &key)) {
        while (has_kept && entry_key_compare(&kept, &key) < 0)
            has_kept = entry_next_key(&after, &kept);
        if ((!has_kept || entry_key_compare(&kept, &key) != 0)
            && !tables_claimed(tables, id, &key.key, &facts))
            return false;
    }
    return true;
}

int
guard_sort_out(struct guard *guard, const struct tables *tables)
{
    struct tables_id id;
    bool begun = false;
    int rc = guard->held > 0 ? 0 : MDB_NOTFOUND;

    while (rc == 0) {
        struct change truth = {.octets = NULL};
        MDB_val shown;

        rc = tables_next(tables, tables->held, &begun, &id);
        if (rc == 0)
            rc = copy_held(tables, &id, &truth);
        if (rc == 0)
            rc = tables_get(tables, tables->entries, &id, &shown);
        if (rc == 0 && is_move(tables, &id, &shown, &truth))
            rc = let_one_go(guard, tables, &id);
        free(truth.octets);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int
guard_decide(struct guard *guard, const struct tables *tables, int64_t now,
             unsigned max_removed)
{
    uint64_t losses;
    int rc;

    if (!guard->holding
        && (now - guard->recent_since > RECENT || now < guard->recent_since)) {
        guard->recent = 0;
        guard->recent_since = now;
    }
    losses = guard->held + guard->recent;
    guard->holding = guard->held > 0
                     && guard_is_too_much(
                         losses, guard->entries + guard->recent, max_removed);
    if (guard->holding)
        return 0;
    losses = guard->held;
    rc = guard_let_go(guard, tables);
    guard->recent += losses;
    return rc;
}
