/* csv.c - see csv.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* A spreadsheet reads text that begins like this as a formula. */
static bool
is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
}

void
csv_text(const char *text)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    putchar('"');
    if (is_formula(clean))
        putchar('\'');
    for (const char *c = clean; *c != '\0'; c++) {
        if (*c == '"')
            putchar('"');
        putchar(*c);
    }
    putchar('"');
}
