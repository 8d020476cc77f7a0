/* guard.h - how much a directory may lose at once
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A slip of the finger on a directory, or an access rule that hides half of it,
 * looks like many people leaving. So a change that takes something away is put
 * aside first: in what readers see the entry stays as it was. When the read is
 * over it is counted. A few, and they are let go; too many, and all are held
 * back until the directory has them again or somebody says that it is meant.
 * While they come back one by one, the last few are not let go either.
 * Who has another known owner has moved: that is counted, and put aside only if
 * there is a limit to it.
 * One transaction; what is returned is as in tables.h.
 */
#ifndef SYNC_GUARD_H
#define SYNC_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/batch.h"
#include "store/tables.h"

/* Within so many seconds what is let go counts together. */
enum { GUARD_WINDOW = 600 };

/* So many seconds after one has come back, others may still follow. */
enum { GUARD_UNDO = 30 };

/* Of one directory. */
struct guard {
    uint64_t entries;     /* that readers see */
    uint64_t held;        /* of them, those of which a change is put aside */
    uint64_t recent;      /* losses let go since RECENT_SINCE */
    uint64_t moved;       /* moves let go since then */
    int64_t recent_since; /* see boot_clock.h */
    uint32_t holding;     /* SDR_RECORD_HOLDS_... */
    bool hold_moves;      /* moves are put aside as losses are */
    bool being_undone;    /* some have come back within GUARD_UNDO */
    bool changed;         /* result: what readers see has changed */
    uint64_t moves;       /* result: so many have moved */
    /* What guard_decide() has counted, what was let go included: */
    uint64_t lost, moving, of;
    uint64_t losses_held, moves_held; /* of that, what is put aside */
};

/* The options that it works by, in percent. */
struct guard_limits {
    unsigned max_removed, max_moved;
};

/* True if so many losses are too many among so many entries. */
bool
guard_is_too_much(uint64_t losses, uint64_t entries, unsigned max_removed);

/* The same of moves: where all is moved it is said, and 100 is no limit. */
bool
guard_is_mass_move(uint64_t moves, uint64_t entries, unsigned percent);

/* Forget what was let go if that is long ago; to be called before a change at
 * the moment NOW. */
void
guard_begin(struct guard *guard, int64_t now);

/* Apply one change; put its losses aside. */
int
guard_apply(struct guard *guard, const struct tables *tables,
            const struct change *change);

/* Look through what is put aside and forget what is no loss: an address that
 * another entry has taken over. */
int
guard_sort_out(struct guard *guard, const struct tables *tables);

/* Let all go that is put aside, so that readers see what the directory has. */
int
guard_let_go(struct guard *guard, const struct tables *tables);

/* Decide: let go, or hold. */
int
guard_decide(struct guard *guard, const struct tables *tables,
             const struct guard_limits *limits);

#endif
