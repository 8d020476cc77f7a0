/* table.h - tables for people, as wide as the terminal
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hides libsmartcols. Cells are made clean for a terminal here. Without memory
 * nothing is printed.
 */
#ifndef SDRCTL_TABLE_H
#define SDRCTL_TABLE_H

#include <stdbool.h>

#include "status.h"

struct table;

struct table_column {
    const char *name;
    bool is_number; /* set to the right */
    bool wraps;     /* gives way first if the terminal is narrow */
};

/* A table with COUNT columns. NULL without memory, which the functions below
 * take as well. */
struct table *
table_new(const struct table_column *columns, unsigned count) SDR_MUST_USE;

/* One more row; its cells are copied. */
void
table_row(struct table *table, const char *const *cells);

/* Print it, free it and set the pointer to NULL. False without memory. */
bool
table_print(struct table **table);

#endif
