/* batch.h - changes of entries on their way into the store
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The changes are kept until they are committed, so that they can be applied
 * again after the file had to grow. All zero is an empty batch.
 */
#ifndef SYNC_BATCH_H
#define SYNC_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "replica/entry.h"
#include "replica/record.h"

/* One entry as it is in the directory now. */
struct change {
    unsigned char id[SDR_RECORD_ID_SIZE];
    unsigned char *octets; /* of struct entry; NULL: deleted */
    size_t len;
    size_t number; /* in order of arrival */
};

struct batch {
    struct change *changes;
    size_t count, room;
};

/* Record the current state of an entry, after entry_end(). Takes over its
 * octets. An entry without keys counts as deleted. Returns false without
 * memory. */
bool
batch_put(struct batch *batch, struct entry *entry);

/* Record that an entry was deleted. Returns false without memory. */
bool
batch_delete(struct batch *batch, const unsigned char id[SDR_RECORD_ID_SIZE]);

/* Keep only the last change of each entry. */
void
batch_settle(struct batch *batch);

/* Free the contents and reset the batch. */
void
batch_clear(struct batch *batch);

#endif
