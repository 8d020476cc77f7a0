/* guard.h - how much a directory may lose at once
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A slip of the finger on a directory, or an access rule that hides half of it,
 * looks like many people leaving. So a change that takes something away is put
 * aside first: in what readers see the entry stays as it was. When the read is
 * over it is counted. A few, and they are let go; too many, and all are held
 * back until the directory has them again or somebody says that it is meant.
 * One transaction; what is returned is as in tables.h.
 */
#ifndef SYNC_GUARD_H
#define SYNC_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "tables.h"

/* Of one directory. What is lost bit by bit counts together for a while. */
struct guard {
    uint64_t entries;     /* that readers see */
    uint64_t held;        /* of them, those with a loss that is put aside */
    uint64_t recent;      /* let go since RECENT_SINCE */
    int64_t recent_since; /* seconds since 1970 */
    bool holding;
    bool changed; /* result: what readers see has changed */
};

/* True if so many losses are too many among so many entries. */
bool
guard_is_too_much(uint64_t losses, uint64_t entries, unsigned max_removed);

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

/* Decide at the time NOW: let go, or hold. */
int
guard_decide(struct guard *guard, const struct tables *tables, int64_t now,
             unsigned max_removed);

#endif
