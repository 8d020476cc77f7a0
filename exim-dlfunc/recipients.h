/* recipients.h - the list in Exim's $recipients
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses with a comma and a blank between them. A quoted local part may hold
 * both. Pure functions.
 */
#ifndef RECIPIENTS_H
#define RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

/* The next address into OUT, cut if SIZE is too small; false at the end. *AT
 * begins as the list. */
bool
recipients_next(const char **at, char *out, size_t size);

#endif
