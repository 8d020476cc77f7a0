/* ldif_reader.h - LDIF content records (RFC 2849), read from memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Accepts change records that add an entry, and refuses other changes.
 * libldap's reader is not used: it opens the files that "include:" and
 * "attribute:<" name, loses the text after a NUL, accepts broken base64, and
 * prints errors itself. The text can be read several times; it is not changed.
 */
#ifndef SDR_LDIF_READER_H
#define SDR_LDIF_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum ldif_reader_item {
    CONTENT_DN,    /* a record begins: VALUE is its name */
    CONTENT_VALUE, /* of the attribute */
    CONTENT_END,   /* of the record */
    CONTENT_DONE   /* of the text */
};

/* Made by ldif_reader_begin(), freed by ldif_reader_clear(). */
struct ldif_reader {
    /* the item; both end with a NUL and last until the next is read */
    const char *attribute;
    char *value;
    size_t value_len;
    unsigned long line;     /* where it begins; 1 is the first */
    const char *begin, *at; /* its lines in the text, with those that continue
                               them: from BEGIN up to AT */
    /* the reader's own */
    const char *end;
    unsigned long next_line;
    char *text;
    size_t len, room;
    bool in_record, after_record;
    bool after_dn; /* the line before was dn: */
};

/* Begin to read the text, which is borrowed. */
void
ldif_reader_begin(struct ldif_reader *content, const char *text, size_t len);

/* Read the next item. SDR_INVALID: the text is not such LDIF, with the reason
 * and the line. SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
ldif_reader_next(struct ldif_reader *content, enum ldif_reader_item *item,
                 struct sdr_error *error);

/* Free what it holds. */
void
ldif_reader_clear(struct ldif_reader *content);

#endif
