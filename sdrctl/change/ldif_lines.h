/* ldif_lines.h - the lines of an LDIF entry, matched with a change
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The text and the change are borrowed. Used by ldif_edit.c and ldif_octets.c.
 */
#ifndef SDRCTL_LDIF_LINES_H
#define SDRCTL_LDIF_LINES_H

#include "change/change.h"

/* A value of the entry, and its lines in the text. */
struct ldif_line {
    char *attribute;
    struct values value; /* a single value */
    size_t begin, end;
    unsigned long line;
    unsigned
        of; /* index of the attribute in the change; its count if not in it */
    bool drop;                  /* set later: drop its lines, */
    const struct berval *other; /* or write this value */
};

/* The caller sets path, line and change. Freed by ldif_lines_clear(). */
struct ldif_lines {
    const char *path;
    unsigned long line; /* the line number of the entry */
    struct change *change;
    const char *text;
    size_t len;
    struct ldif_line *items; /* the first is the DN */
    size_t count, room;
};

/* Parse the text of an entry. Returns false if it is not valid LDIF or if out
 * of memory. */
bool
ldif_lines_read(struct ldif_lines *lines, const char *text, size_t len);

/* Compare the entry with the change. Returns false if out of memory. */
bool
ldif_lines_compare(const struct ldif_lines *lines, enum standing *standing);

void
ldif_lines_clear(struct ldif_lines *lines);

#endif
