/* array.c - see array.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "array.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

bool
sdr_array_append(void *items, size_t *count, size_t *room, const void *item,
                 size_t size)
{
    char *array;

    memcpy(&array, items, sizeof array);
    if (*count == *room) {
        size_t more = *room == 0 ? FIRST_ROOM : 2 * *room;

        array = reallocarray(array, more, size);
        if (array == NULL)
            return false;
        memcpy(items, &array, sizeof array);
        *room = more;
    }
    memcpy(array + *count * size, item, size);
    ++*count;
    return true;
}

char *
sdr_octets_copy(const char *octets, size_t len)
{
    char *copy = malloc(len + 1);

    if (copy != NULL) {
        memcpy(copy, octets, len);
        copy[len] = '\0';
    }
    return copy;
}
