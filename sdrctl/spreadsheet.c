/* spreadsheet.c - see spreadsheet.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "spreadsheet.h"

#include <string.h>

/* Full-width forms count too: U+FF1D, U+FF0B, U+FF0D and U+FF20. */
bool
spreadsheet_is_formula(const char *text)
{
    static const char *const begins[] = {"=",
                                         "+",
                                         "-",
                                         "@",
                                         "\xef\xbc\x9d",
                                         "\xef\xbc\x8b",
                                         "\xef\xbc\x8d",
                                         "\xef\xbc\xa0"};

    text += strspn(text, " ");
    for (unsigned i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strncmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}
