/* array.h - growing arrays, and copies of octets
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_ARRAY_H
#define SDR_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Append ITEM of SIZE octets to the array at *ITEMS, a pointer of any type,
 * with *COUNT items in memory for *ROOM of them; all zero is an empty array.
 * Returns false, with nothing changed, without memory. */
bool SDR_MUST_USE
sdr_array_append(void *items, size_t *count, size_t *room, const void *item,
                 size_t size);

/* Returns a copy of LEN octets, followed by a NUL; the caller frees it. NULL
 * without memory. Any thread. */
char *
sdr_octets_copy(const char *octets, size_t len);

#endif
