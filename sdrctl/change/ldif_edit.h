/* ldif_edit.h - make a change in the text of one entry of an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Only the lines of values that change are rewritten or dropped. All other
 * octets, comments and the order of lines stay the same. A new value replaces
 * the line of an old one, or follows the last line of its attribute, or the
 * last line of the entry. The functions do no I/O.
 */
#ifndef SDRCTL_LDIF_EDIT_H
#define SDRCTL_LDIF_EDIT_H

#include "change/change.h"
#include "ldif/ldif_index.h"

/* Make the change in the entry SPAN. Returns CHANGE_DONE with the new entry in
 * *TEXT, *LEN octets that the caller frees; the change then has the octets that
 * it replaces. If it had octets before, they are used. Otherwise returns as
 * change_apply(). Errors name the line of the file at PATH. */
enum change_result
ldif_edit(const struct ldif_span *span, const char *path, struct change *change,
          char **text, size_t *len, struct sdr_error *error);

#endif
