/* content.h - LDIF content records (RFC 2849), read from memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Not libldap's reader: that one opens the files that "include:" and
 * "attribute:<" name, loses what stands behind a NUL, takes broken base64, and
 * writes to stderr. The text is read as often as needed, and not changed.
 */
#ifndef SYNC_CONTENT_H
#define SYNC_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum content_item {
    CONTENT_DN,    /* a record begins: VALUE is its name */
    CONTENT_VALUE, /* of the attribute */
    CONTENT_END,   /* of the record */
    CONTENT_DONE   /* of the text */
};

/* Made by content_begin(), freed by content_clear(). */
struct content {
    /* the item; both end with a NUL and last until the next is read */
    const char *attribute;
    char *value;
    size_t value_len;
    unsigned long line; /* where it begins; 1 is the first */
    /* the reader's own */
    const char *at, *end;
    unsigned long next_line;
    char *text;
    size_t len, room;
    bool in_record, after_record;
};

/* Begin to read the text, which is borrowed. */
void
content_begin(struct content *content, const char *text, size_t len);

/* Read the next item. SDR_INVALID: the text is no such LDIF, for this reason,
 * in this line. SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
content_next(struct content *content, enum content_item *item,
             struct sdr_error *error);

/* Free what it holds. */
void
content_clear(struct content *content);

#endif
