/* csv.h - CSV output (RFC 4180)
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CSV_H
#define SDRCTL_CSV_H

/* Print a field: always quoted, clean for a terminal, and no formula for a
 * spreadsheet. */
void
csv_text(const char *text);

#endif
