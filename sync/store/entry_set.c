/* entry_set.c - see entry_set.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/entry_set.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"

bool
entry_set_add(struct entry_set *seen,
              const unsigned char id[SDR_RECORD_ID_SIZE])
{
    return sdr_array_append(&seen->ids, &seen->count, &seen->room, id,
                            sizeof *seen->ids);
}

static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, SDR_RECORD_ID_SIZE);
}

void
entry_set_sort(struct entry_set *seen)
{
    if (seen->count > 0)
        qsort(seen->ids, seen->count, sizeof *seen->ids, compare);
}

bool
entry_set_has(const struct entry_set *seen,
              const unsigned char id[SDR_RECORD_ID_SIZE])
{
    return seen->count > 0
           && bsearch(id, seen->ids, seen->count, sizeof *seen->ids, compare)
                  != NULL;
}

void
entry_set_clear(struct entry_set *seen)
{
    free(seen->ids);
    memset(seen, 0, sizeof *seen);
}
