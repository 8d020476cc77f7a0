/* batch.h - changes of entries on their way into the store
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Kept until they are committed, so that they can be applied again after the
 * file had to grow. All zero is a valid start.
 */
#ifndef SYNC_BATCH_H
#define SYNC_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "replica/entry.h"
#include "replica/record.h"

/* One entry, as it is now in the directory. */
struct change {
    unsigned char id[SDR_RECORD_ID_SIZE];
    unsigned char *octets; /* of struct entry; NULL: it is no more */
    size_t len;
    size_t number; /* in the order in which they came */
};

struct batch {
    struct change *changes;
    size_t count, room;
};

/* The entry is now like this. It has ended; its octets are taken from it. One
 * without keys is as good as gone. False without memory. */
bool
batch_put(struct batch *batch, struct entry *entry);

/* There is no such entry any more. False without memory. */
bool
batch_delete(struct batch *batch, const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Of several changes of one entry leave the last. */
void
batch_settle(struct batch *batch);

/* Free what it holds; it is all zero again. */
void
batch_clear(struct batch *batch);

#endif
