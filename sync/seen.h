/* seen.h - the entries that a full read has met
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Sixteen octets for each; all zero is a valid start.
 */
#ifndef SYNC_SEEN_H
#define SYNC_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct seen {
    unsigned char (*ids)[SDR_RECORD_ID_SIZE];
    size_t count, room;
};

/* False without memory. */
bool
seen_add(struct seen *seen, const unsigned char id[SDR_RECORD_ID_SIZE]);

/* To be called once, after the last add and before the first has. */
void
seen_sort(struct seen *seen);

bool
seen_has(const struct seen *seen, const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Free what it holds; it is all zero again. */
void
seen_clear(struct seen *seen);

#endif
