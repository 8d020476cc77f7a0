/* table.c - see table.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "table.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "log.h"

struct table {
    struct libscols_table *scols;
    unsigned columns;
    bool no_memory;
};

static void
table_free(struct table **table)
{
    if (*table != NULL)
        scols_unref_table((*table)->scols);
    free(*table);
    *table = NULL;
}

static bool
add_column(struct table *table, const struct table_column *column)
{
    int flags = (column->is_number ? SCOLS_FL_RIGHT : 0)
                | (column->wraps ? SCOLS_FL_WRAP : 0);

    return scols_table_new_column(table->scols, column->name,
                                  column->wraps ? 0.5 : 0, flags)
           != NULL;
}

struct table *
table_new(const struct table_column *columns, unsigned count)
{
    struct table *table = calloc(1, sizeof *table);
    bool ok = table != NULL;

    setlocale(LC_CTYPE, ""); /* for the width of characters */
    if (ok) {
        table->scols = scols_new_table();
        table->columns = count;
        /* Cells are clean already and must not be escaped again. */
        ok = table->scols != NULL
             && scols_table_enable_noencoding(table->scols, 1) == 0;
    }
    for (unsigned i = 0; ok && i < count; i++)
        ok = add_column(table, &columns[i]);
    if (!ok)
        table_free(&table);
    return table;
}

void
table_row(struct table *table, const char *const *cells)
{
    struct libscols_line *line =
        table != NULL ? scols_table_new_line(table->scols, NULL) : NULL;
    char clean[4096];

    if (table == NULL)
        return;
    table->no_memory |= line == NULL;
    for (unsigned i = 0; line != NULL && i < table->columns; i++) {
        sdr_log_clean(clean, sizeof clean, cells[i], strlen(cells[i]), "");
        if (scols_line_set_data(line, i, clean) != 0)
            table->no_memory = true;
    }
}

bool
table_print(struct table **table)
{
    bool ok = *table != NULL && !(*table)->no_memory
              && scols_print_table((*table)->scols) == 0;

    table_free(table);
    return ok;
}
