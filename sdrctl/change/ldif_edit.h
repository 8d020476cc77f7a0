/* ldif_edit.h - a change made to the text of one entry of an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Only the lines of values that change are written anew, or left out; all other
 * octets stay as they are, comments and the order of lines too. A new value
 * takes the line of an old one, else it follows the last line of its attribute,
 * else the last line of the entry. Pure functions.
 */
#ifndef SDRCTL_LDIF_EDIT_H
#define SDRCTL_LDIF_EDIT_H

#include "change/change.h"
#include "ldif/ldif_index.h"

/* Make the change to the entry SPAN. CHANGE_DONE: *TEXT is the new entry, *LEN
 * octets that the caller frees, and the change knows the octets that it
 * replaces; if it knew them before, they are put in. Else as change_apply();
 * errors name the line of the file at PATH. */
enum change_result
ldif_edit(const struct ldif_span *span, const char *path, struct change *change,
          char **text, size_t *len, struct sdr_error *error);

#endif
