/* batch.c - see batch.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"

static bool
add(struct batch *batch, const unsigned char id[SDR_RECORD_ID_SIZE])
{
    struct change change = {.number = batch->count};

    memcpy(change.id, id, sizeof change.id);
    return sdr_array_append(&batch->changes, &batch->count, &batch->room,
                            &change, sizeof change);
}

bool
batch_put(struct batch *batch, struct entry *entry)
{
    struct change *change;

    if (!add(batch, entry->id))
        return false;
    change = &batch->changes[batch->count - 1];
    if (entry->key_count > 0) {
        change->octets = entry->octets;
        change->len = entry->len;
        entry->octets = NULL;
    }
    return true;
}

bool
batch_delete(struct batch *batch, const unsigned char id[SDR_RECORD_ID_SIZE])
{
    return add(batch, id);
}

static int
compare(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    int order = memcmp(x->id, y->id, sizeof x->id);

    return order != 0 ? order
                      : (x->number > y->number) - (x->number < y->number);
}

void
batch_settle(struct batch *batch)
{
    struct change *changes = batch->changes;
    size_t kept = 0;

    if (batch->count > 1)
        qsort(changes, batch->count, sizeof *changes, compare);
    for (size_t i = 0; i < batch->count; i++) {
        if (i + 1 < batch->count
            && memcmp(changes[i].id, changes[i + 1].id, sizeof changes[i].id)
                   == 0)
            free(changes[i].octets);
        else
            changes[kept++] = changes[i];
    }
    batch->count = kept;
}

void
batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->changes[i].octets);
    free(batch->changes);
    memset(batch, 0, sizeof *batch);
}
