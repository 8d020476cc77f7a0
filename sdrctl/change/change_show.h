/* change_show.h - a change as text and as JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHANGE_SHOW_H
#define SDRCTL_CHANGE_SHOW_H

#include <jansson.h>

#include "change/change.h"

/* Print to stdout " NAME=BEFORE->AFTER" for each attribute, with unprintable
 * octets as \xNN. */
void
change_show(const struct change *change);

/* Returns an object with a member for each attribute: an object with the
 * members before and after, arrays of strings. */
json_t *
change_make_json(const struct change *change);

#endif
