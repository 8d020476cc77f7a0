/* grow.h - arrays that get longer
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_GROW_H
#define SDRCTL_GROW_H

#include <stddef.h>

/* ITEMS, which has COUNT of *ROOM items of SIZE octets, with room for another.
 * NULL without memory: then nothing has changed. */
void *
grow(void *items, size_t count, size_t *room, size_t size);

#endif
