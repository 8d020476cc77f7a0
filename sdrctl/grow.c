/* grow.c - see grow.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "grow.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

void *
grow(void *items, size_t count, size_t *room, size_t size)
{
    size_t more = *room == 0 ? FIRST_ROOM : 2 * *room;
    void *bigger;

    if (count < *room)
        return items;
    bigger = reallocarray(items, more, size);
    if (bigger != NULL)
        *room = more;
    return bigger;
}
