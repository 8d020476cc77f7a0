/* table.h - text tables as wide as the terminal
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hides libsmartcols. Cells are cleaned for a terminal. Without memory
 * nothing is printed.
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

/* A table with COUNT columns. NULL without memory, which the functions below
 * accept. */
struct table *
table_new(const struct table_column *columns, unsigned count) SDR_MUST_USE;

/* Add a row; its cells are copied. */
void
table_row(struct table *table, const char *const *cells);

/* Print it, free it and set the pointer to NULL. False without memory. */
bool
table_print(struct table **table);

#endif
