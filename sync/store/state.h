/* state.h - the stored state of a directory's copy, apart from entries
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two parts are for readers, see record.h; the third, under the key directory,
 * "w", is the writer's own. One transaction; what is returned is as in
 * tables.h.
 */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include <stdint.h>

#include "store/guard.h"
#include "store/boot_clock.h"
#include "replica/record.h"
#include "store/mark.h"
#include "store/tables.h"

struct state {
    struct sdr_record_state shown;
    struct sdr_record_status status;
    struct state_own {
        struct boot_time recent_since;
        uint64_t recent, moved;
        uint32_t warned; /* of a mass move since then */
        uint32_t cookie_len;
        unsigned char cookie[STORE_COOKIE_MAX];
    } own;
};

/* Read it. If there is none, or not of this FINGERPRINT, it is empty and
 * MDB_NOTFOUND is returned. */
int
state_read(const struct tables *tables,
           const unsigned char fingerprint[SDR_RECORD_FINGERPRINT],
           struct state *state);

int
state_write(const struct tables *tables, const struct state *state);

/* Remove the state from the file. */
int
state_forget(const struct tables *tables);

/* The part of it that the guard works on, begun NOW, and back. Of the time
 * before the machine was started again nothing is known: it counts as no time.
 */
struct guard
state_guard(const struct state *state, const struct boot_time *now);

void
state_set_guard(struct state *state, const struct guard *guard,
                const struct boot_time *now);

/* Apply the mark; NOW is the time of day. */
void
state_mark(struct state *state, const struct store_mark *mark, int64_t now);

/* Copy a text, truncated if it is too long, and fill the rest with zeros. */
void
state_text(char *out, size_t size, const char *text);

#endif
