/* csv.c - see csv.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "spreadsheet.h"

void
csv_text(const char *text)
{
    char clean[4096];
    bool begins = true;

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    putchar('"');
    for (const char *c = clean; *c != '\0'; c++) {
        if (begins && spreadsheet_is_formula(c))
            putchar('\'');
        if (*c == '"')
            putchar('"');
        putchar(*c);
        begins = *c == SPREADSHEET_SEPARATOR;
    }
    putchar('"');
}
