/* guard.h - how much a directory may lose at once
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A mistake in a directory, or an access rule that hides half of it, looks like
 * many deletions. So a change that removes something is withheld first: readers
 * still see the entry as it was. At the end of the read such changes are
 * counted. A few are released; if there are too many, all are held back until
 * the directory has the data again, or an administrator accepts the changes.
 * While the data comes back entry by entry, the last few are not released
 * either. An entry that gets another known owner has moved: moves are counted,
 * and withheld only if there is a limit for them. One transaction; results are
 * as in tables.h.
 */
#ifndef SYNC_GUARD_H
#define SYNC_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/batch.h"
#include "store/tables.h"

/* Changes released within this many seconds are counted together. */
enum { GUARD_WINDOW = 600 };

/* For this many seconds after an entry has come back, others may follow. */
enum { GUARD_UNDO = 30 };

/* The state for one directory. */
struct guard {
    uint64_t entries;     /* as readers see them */
    uint64_t held;        /* entries with a withheld change */
    uint64_t recent;      /* losses released since RECENT_SINCE */
    uint64_t moved;       /* moves released since then */
    int64_t recent_since; /* see boot_clock.h */
    uint32_t holding;     /* SDR_RECORD_HOLDS_... */
    bool hold_moves;      /* moves are withheld like losses */
    bool being_undone;    /* entries have come back within GUARD_UNDO */
    bool changed;         /* result: what readers see has changed */
    uint64_t moves;       /* result: number of moves */
    /* Counted by guard_decide(), with those released: */
    uint64_t lost, moving, of;
    uint64_t losses_held, moves_held; /* of these, the withheld ones */
};

/* The limits from the configuration, in percent. */
struct guard_limits {
    unsigned max_removed, max_moved;
};

/* Returns true if there are too many losses among the entries. */
bool
guard_is_too_much(uint64_t losses, uint64_t entries, unsigned max_removed);

/* Like guard_is_too_much(), for moves. A complete move is only reported; 100
 * means no limit. */
bool
guard_is_mass_move(uint64_t moves, uint64_t entries, unsigned percent);

/* Reset the counters if GUARD_WINDOW has passed. Call it before a change at the
 * time NOW. */
void
guard_begin(struct guard *guard, int64_t now);

/* Apply one change, but withhold its losses. */
int
guard_apply(struct guard *guard, const struct tables *tables,
            const struct change *change);

/* Release withheld changes that are not losses: an address that another entry
 * has now. */
int
guard_sort_out(struct guard *guard, const struct tables *tables);

/* Release all withheld changes: readers see what the directory has. */
int
guard_let_go(struct guard *guard, const struct tables *tables);

/* Decide whether to release or to hold the withheld changes. */
int
guard_decide(struct guard *guard, const struct tables *tables,
             const struct guard_limits *limits);

#endif
