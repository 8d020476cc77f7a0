/* ldif_reader.h - LDIF content records (RFC 2849), read from memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Accepts change records that add an entry, and rejects other changes.
 * libldap's reader is not used: it opens the files that "include:" and
 * "attribute:<" name, loses the text after a NUL, accepts broken base64, and
 * prints errors itself. The text is not changed, and can be read several times.
 */
#ifndef SDR_LDIF_READER_H
#define SDR_LDIF_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum ldif_reader_item {
    CONTENT_DN,    /* beginning of a record: VALUE is the DN */
    CONTENT_VALUE, /* a value of the attribute */
    CONTENT_END,   /* end of the record */
    CONTENT_DONE   /* end of the text */
};

/* Initialised by ldif_reader_begin(), freed by ldif_reader_clear(). */
struct ldif_reader {
    /* the item; both end with a NUL and are valid until the next is read */
    const char *attribute;
    char *value;
    size_t value_len;
    unsigned long line;     /* first line of the item, from 1 */
    const char *begin, *at; /* its physical lines in the text: from BEGIN up to
                               AT */
    /* private */
    const char *end;
    unsigned long next_line;
    char *text;
    size_t len, room;
    bool in_record, after_record;
    bool after_dn; /* the last line was dn: */
};

/* Begin to read the text, which is borrowed. */
void
ldif_reader_begin(struct ldif_reader *content, const char *text, size_t len);

/* Read the next item. Returns SDR_OK; SDR_INVALID with the reason if the text
 * is not such LDIF, in line CONTENT->line; SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
ldif_reader_next(struct ldif_reader *content, enum ldif_reader_item *item,
                 struct sdr_error *error);

/* Free the contents. */
void
ldif_reader_clear(struct ldif_reader *content);

#endif
