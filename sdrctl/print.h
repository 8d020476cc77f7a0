/* print.h - output that is safe for a terminal
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PRINT_H
#define SDRCTL_PRINT_H

#include <stddef.h>

#include "status.h"

/* Print TEXT on standard output. Unprintable octets are printed as \xNN. */
void
print_clean(const char *text);

/* Do the same for LEN octets. */
void
print_clean_octets(const char *octets, size_t len);

/* Print the error on standard error, escaped in the same way, as one line that
 * begins with the name of the program. */
void
print_error_line(const struct sdr_error *error);

#endif
