/* print.h - what sdrctl prints, clean for a terminal
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PRINT_H
#define SDRCTL_PRINT_H

#include <stddef.h>

#include "status.h"

/* Print TEXT on standard output; octets that a terminal would not show are
 * printed as \xNN. */
void
print_clean(const char *text);

/* The same for LEN octets. */
void
print_clean_octets(const char *octets, size_t len);

/* Print the error on standard error, likewise clean, as one line that begins
 * with the name of the program. */
void
print_error(const struct sdr_error *error);

#endif
