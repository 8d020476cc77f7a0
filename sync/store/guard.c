/* guard.c - see guard.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/loss.h"
#include "store/sealed.h"

/* This many are never too many, unless they are all. */
enum { ALWAYS_FEW = 5 };

bool
guard_is_too_much(uint64_t losses, uint64_t entries, unsigned max_removed)
{
    if (losses == 0)
        return false;
    if (losses >= entries)
        return true;
    return losses > ALWAYS_FEW && losses * 100 > entries * max_removed;
}

bool
guard_is_mass_move(uint64_t moves, uint64_t entries, unsigned percent)
{
    return moves > ALWAYS_FEW && moves * 100 > entries * percent;
}

void
guard_begin(struct guard *guard, int64_t now)
{
    if (guard->holding != 0 || now - guard->recent_since <= GUARD_WINDOW)
        return;
    guard->recent = guard->moved = 0;
    guard->recent_since = now;
}

/* ---- withheld changes ---- */

static int
put_aside(struct guard *guard, const struct tables *tables,
          const struct tables_id *id, const void *octets, size_t len)
{
    MDB_val key = {sizeof id->octets, (void *)(uintptr_t)id->octets};
    MDB_val old;
    int rc = sealed_get(tables, tables->held, &key, &old);

    if (rc == MDB_NOTFOUND)
        guard->held++;
    else if (rc != 0)
        return rc;
    return sealed_put(tables, tables->held, &key, octets, len);
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

/* Apply a change with a loss or a move: keep what would be lost, apply the
 * rest. OLD is LMDB's memory. */
static int
apply_loss(struct guard *guard, const struct tables *tables,
           const struct tables_id *id, const MDB_val *old,
           const struct change *change)
{
    struct entry_view before, after;
    const struct entry_view *then = change->octets != NULL ? &after : NULL;
    unsigned char *octets = NULL;
    size_t len = 0;
    int rc = 0;

    if (!entry_read(&before, old->mv_data, old->mv_size)
        || (change->octets != NULL
            && !entry_read(&after, change->octets, change->len)))
        return MDB_CORRUPTED;
    if (!loss_undo(&before, then,
                   guard->hold_moves && loss_is_move(&before, then), &octets,
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

static bool
is_move(const MDB_val *old, const struct change *change)
{
    struct entry_view before, after;

    return change->octets != NULL
           && entry_read(&before, old->mv_data, old->mv_size)
           && entry_read(&after, change->octets, change->len)
           && loss_is_move(&before, &after);
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
        guard->changed = true;
        return tables_add(tables, &id, change->octets, change->len);
    }
    if (rc != 0)
        return rc;
    if (is_same(&old, change))
        return forget(guard, tables, &id);
    if (is_loss(&old, change) || (guard->hold_moves && is_move(&old, change)))
        return apply_loss(guard, tables, &id, &old, change);
    if (is_move(&old, change))
        guard->moves++;
    rc = show(guard, tables, &id, change->octets, change->len);
    return rc != 0 ? rc : forget(guard, tables, &id);
}

/* ---- all withheld changes ---- */

/* Copy the withheld state of the entry; octets is NULL if it was deleted. */
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

/* Returns true if the entry loses only addresses that other entries have now.
 */
static bool
is_taken_over(const struct guard *guard, const struct tables *tables,
              const struct tables_id *id, const MDB_val *shown,
              const struct change *truth)
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
            || loss_of_owner(&before, &after)
            || (guard->hold_moves && loss_is_move(&before, &after)))
            return false;
        has_kept = entry_next_key(&after, &kept);
    }
    while (entry_next_key(&before, &key)) {
        while (has_kept && entry_key_compare(&kept, &key) < 0)
            has_kept = entry_next_key(&after, &kept);
        if (loss_of_key(&key, has_kept && entry_key_compare(&kept, &key) == 0
                                  ? &kept
                                  : NULL)
            && !tables_claimed(tables, id, &key.key, &facts))
            return false;
    }
    return true;
}

/* Call CALL for each entry with a withheld change, with what readers see and
 * the withheld state. */
static int
walk_held(struct guard *guard, const struct tables *tables,
          int (*call)(struct guard *guard, const struct tables *tables,
                      const struct tables_id *id, const MDB_val *shown,
                      const struct change *truth))
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
        if (rc == 0)
            rc = call(guard, tables, &id, &shown, &truth);
        free(truth.octets);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
sort_out(struct guard *guard, const struct tables *tables,
         const struct tables_id *id, const MDB_val *shown,
         const struct change *truth)
{
    return is_taken_over(guard, tables, id, shown, truth)
               ? let_one_go(guard, tables, id)
               : 0;
}

int
guard_sort_out(struct guard *guard, const struct tables *tables)
{
    return walk_held(guard, tables, sort_out);
}

static int
count(struct guard *guard, const struct tables *tables,
      const struct tables_id *id, const MDB_val *shown,
      const struct change *truth)
{
    (void)tables;
    (void)id;
    guard->losses_held += is_loss(shown, truth);
    guard->moves_held += is_move(shown, truth);
    return 0;
}

/* Count the withheld losses and moves. */
static int
count_held(struct guard *guard, const struct tables *tables)
{
    guard->losses_held = guard->moves_held = 0;
    if (guard->hold_moves)
        return walk_held(guard, tables, count);
    guard->losses_held = guard->held;
    return 0;
}

/* Count the changes, and decide which are too many. */
static int
judge(struct guard *guard, const struct tables *tables,
      const struct guard_limits *limits)
{
    int rc = count_held(guard, tables);

    guard->of = guard->entries + guard->recent;
    guard->lost = guard->losses_held + guard->recent;
    guard->moving = guard->moves_held + guard->moved;
    guard->holding = 0;
    if (guard->losses_held > 0
        && guard_is_too_much(guard->lost, guard->of, limits->max_removed))
        guard->holding |= SDR_RECORD_HOLDS_LOSSES;
    if (guard->moves_held > 0
        && guard_is_mass_move(guard->moving, guard->of, limits->max_moved))
        guard->holding |= SDR_RECORD_HOLDS_MOVES;
    return rc;
}

int
guard_decide(struct guard *guard, const struct tables *tables,
             const struct guard_limits *limits)
{
    uint32_t before = guard->holding;
    int rc = judge(guard, tables, limits);

    if (rc == 0 && guard->holding == 0 && guard->being_undone)
        guard->holding = before;
    if (rc != 0 || guard->holding != 0)
        return rc;
    rc = guard_let_go(guard, tables);
    guard->recent += guard->losses_held;
    guard->moves += guard->moves_held;
    return rc;
}
