/* recipients.h - the list in Exim's $recipients
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses, separated by a comma and a blank. A quoted local part may contain
 * both. Pure functions.
 */
#ifndef RECIPIENTS_H
#define RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

/* Copy the next address to OUT, truncated if SIZE is too small. Returns false
 * at the end. *AT initially points to the list. */
bool
recipients_next(const char **at, char *out, size_t size);

#endif
