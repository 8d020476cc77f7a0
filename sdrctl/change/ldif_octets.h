/* ldif_octets.h - the octets of an entry that a change replaces
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The journal keeps them, so that undo restores lines and not only values. The
 * octets of a journal are used only if they make this change and no other.
 */
#ifndef SDRCTL_LDIF_OCTETS_H
#define SDRCTL_LDIF_OCTETS_H

#include "change/ldif_lines.h"

/* Set the octets of the change: the part in which the entry and TEXT differ,
 * without their common beginning and end. */
void
ldif_octets_keep(const struct ldif_lines *lines, const char *text, size_t len);

/* True if TEXT is the entry after the change, and all values that the change
 * does not touch are the same. */
bool
ldif_octets_are_right(const struct ldif_lines *lines, const char *text,
                      size_t len);

/* Apply the octets of the change. *TEXT is then the new entry, which the caller
 * frees. Returns false if the change has none, they do not match the entry, or
 * the result would not be right. */
bool
ldif_octets_put(const struct ldif_lines *lines, char **text, size_t *len);

#endif
