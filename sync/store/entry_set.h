/* entry_set.h - the entries that a full read has met
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Sixteen octets for each id; all zero is an empty set.
 */
#ifndef SYNC_ENTRY_SET_H
#define SYNC_ENTRY_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "replica/record.h"

struct entry_set {
    unsigned char (*ids)[SDR_RECORD_ID_SIZE];
    size_t count, room;
};

/* Add an id. Returns false without memory. */
bool
entry_set_add(struct entry_set *seen,
              const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Sort the set. Call it once, after the last add and before the first look-up.
 */
void
entry_set_sort(struct entry_set *seen);

bool
entry_set_has(const struct entry_set *seen,
              const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Free the contents and reset the set. */
void
entry_set_clear(struct entry_set *seen);

#endif
