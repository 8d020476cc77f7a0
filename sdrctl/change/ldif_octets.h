/* ldif_octets.h - the octets of an entry that a change replaces
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Kept in the journal, so that undo restores the lines and not only the values.
 * Whatever a journal says, nothing is written but the change.
 */
#ifndef SDRCTL_LDIF_OCTETS_H
#define SDRCTL_LDIF_OCTETS_H

#include "change/ldif_lines.h"

/* Keep in the change what is between the octets with which both begin and end.
 */
void
ldif_octets_keep(const struct ldif_lines *lines, const char *text, size_t len);

/* True if the text is the entry after the change, and all values that the
 * change leaves alone are the same. */
bool
ldif_octets_are_right(const struct ldif_lines *lines, const char *text,
                      size_t len);

/* Put in the octets that the change knows: *TEXT is then the new entry, to be
 * freed by the caller. False if it knows none, or the entry has others, or the
 * result would not be right. */
bool
ldif_octets_put(const struct ldif_lines *lines, char **text, size_t *len);

#endif
