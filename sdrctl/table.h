/* table.h - text tables as wide as the terminal
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A wrapper of libsmartcols. Cells are cleaned for a terminal. Nothing is
 * printed if out of memory.
 */
#ifndef SDRCTL_TABLE_H
#define SDRCTL_TABLE_H

#include <stdbool.h>

#include "status.h"

struct table;

struct table_column {
    const char *name;
    bool is_number; /* right-aligned */
    bool wraps;     /* wrapped first if the terminal is narrow */
};

/* Make a table with COUNT columns. Returns NULL if out of memory, which the
 * functions below accept. */
struct table *
table_new(const struct table_column *columns, unsigned count) SDR_MUST_USE;

/* Add a row; its cells are copied. */
void
table_row(struct table *table, const char *const *cells);

/* Print and free *TABLE, and set it to NULL. Returns false if out of memory. */
bool
table_print(struct table **table);

#endif
