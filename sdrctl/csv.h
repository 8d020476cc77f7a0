/* csv.h - CSV output (RFC 4180)
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CSV_H
#define SDRCTL_CSV_H

/* Print a quoted field. Unprintable octets are escaped, and a spreadsheet does
 * not read it as a formula. */
void
csv_text(const char *text);

#endif
