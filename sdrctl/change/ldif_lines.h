/* ldif_lines.h - the lines of an entry of an LDIF file, beside a change of it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The text and the change are borrowed. For ldif_edit.c and ldif_octets.c.
 */
#ifndef SDRCTL_LDIF_LINES_H
#define SDRCTL_LDIF_LINES_H

#include "change/change.h"

/* A value of the entry, and its lines in the text. */
struct ldif_line {
    char *attribute;
    struct values value; /* one */
    size_t begin, end;
    unsigned long line;
    unsigned of; /* the attribute of the change, or its count if it is none */
    bool drop;   /* set later: its lines are left out, */
    const struct berval *other; /* or hold this value */
};

/* Set at first: path, line and change. Freed by ldif_lines_clear(). */
struct ldif_lines {
    const char *path;
    unsigned long line; /* the number of the first one */
    struct change *change;
    const char *text;
    size_t len;
    struct ldif_line *items; /* the first one is the name of the entry */
    size_t count, room;
};

/* Read the text of the entry, which is valid LDIF. False if it is not, or
 * without memory. */
bool
ldif_lines_read(struct ldif_lines *lines, const char *text, size_t len);

/* Compare the entry with the change. False without memory. */
bool
ldif_lines_compare(const struct ldif_lines *lines, enum standing *standing);

void
ldif_lines_clear(struct ldif_lines *lines);

#endif
