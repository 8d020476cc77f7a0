/* spreadsheet.h - text that a spreadsheet must not read as a formula
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_SPREADSHEET_H
#define SDRCTL_SPREADSHEET_H

#include <stdbool.h>

/* Also separates fields where the decimal separator is a comma, even inside
 * quotes that do not enclose a whole field. */
#define SPREADSHEET_SEPARATOR ';'

/* True if a field that begins with TEXT would be a formula. */
bool
spreadsheet_is_formula(const char *text);

#endif
