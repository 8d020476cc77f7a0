/* ldif_reader.c - see ldif_reader.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldif/ldif_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/gnutls.h>

/* The characters before an attribute's value: what RFC 2849 calls FILL, and
 * tabs. */
#define FILL " \t"
#define ATTRIBUTE                                                              \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.;=*"

void
ldif_reader_begin(struct ldif_reader *content, const char *text, size_t len)
{
    static const char bom[] = "\xef\xbb\xbf";

    memset(content, 0, sizeof *content);
    content->at = text;
    content->end = text + len;
    content->next_line = 1;
    if (len >= 3 && memcmp(text, bom, 3) == 0)
        content->at += 3;
}

void
ldif_reader_clear(struct ldif_reader *content)
{
    free(content->text);
    memset(content, 0, sizeof *content);
}

/* ---- lines ---- */

static enum sdr_status
append(struct ldif_reader *content, const char *octets, size_t len)
{
    size_t needed = content->len + len + 1;

    if (needed > content->room) {
        size_t room = 2 * needed;
        char *text = realloc(content->text, room);

        if (text == NULL)
            return SDR_TEMPFAIL;
        content->text = text;
        content->room = room;
    }
    memcpy(content->text + content->len, octets, len);
    content->len += len;
    content->text[content->len] = '\0';
    return SDR_OK;
}

/* Check the characters of a line. Some editors show a line break at a carriage
 * return inside a line: people would see other lines than the reader. */
static enum sdr_status
check_octets(const char *from, size_t len, struct sdr_error *error)
{
    if (memchr(from, '\0', len) != NULL) {
        sdr_error_set(error, "a NUL octet: LDIF is UTF-8 text");
        return SDR_INVALID;
    }
    if (memchr(from, '\r', len) != NULL) {
        sdr_error_set(error, "a carriage return inside a line");
        return SDR_INVALID;
    }
    return SDR_OK;
}

/* Append the next physical line, without its line end and its first SKIP
 * octets. */
static enum sdr_status
append_line(struct ldif_reader *content, size_t skip, struct sdr_error *error)
{
    const char *from = content->at;
    const char *to = memchr(from, '\n', (size_t)(content->end - from));
    enum sdr_status status;

    if (to == NULL) {
        sdr_error_set(error, "the last line has no end: the file is truncated");
        return SDR_INVALID;
    }
    content->at = to + 1;
    content->next_line++;
    if (to > from && to[-1] == '\r')
        to--;
    status = check_octets(from, (size_t)(to - from), error);
    if (status != SDR_OK)
        return status;
    return append(content, from + skip, (size_t)(to - from) - skip);
}

/* Read the next logical line that is not a comment, with its continuation
 * lines. */
static enum sdr_status
read_line(struct ldif_reader *content, struct sdr_error *error)
{
    enum sdr_status status;

    do {
        content->line = content->next_line;
        content->begin = content->at;
        content->len = 0;
        status = append_line(content, 0, error);
        while (status == SDR_OK && content->len > 0
               && content->at < content->end && *content->at == ' ')
            status = append_line(content, 1, error);
    } while (status == SDR_OK && content->text[0] == '#'
             && content->at < content->end);
    return status;
}

/* ---- attributes ---- */

/* Decode the value in place: it only gets shorter. */
static enum sdr_status
decode(struct ldif_reader *content, struct sdr_error *error)
{
    gnutls_datum_t in = {(unsigned char *)content->value,
                         (unsigned)content->value_len};
    gnutls_datum_t out = {NULL, 0};

    if (gnutls_base64_decode2(&in, &out) != 0) {
        sdr_error_set(error, "%s: broken base64", content->attribute);
        return SDR_INVALID;
    }
    if (out.size > 0)
        memcpy(content->value, out.data, out.size);
    content->value_len = out.size;
    content->value[out.size] = '\0';
    gnutls_free(out.data);
    return SDR_OK;
}

/* Split the line into attribute and value. */
static enum sdr_status
split(struct ldif_reader *content, struct sdr_error *error)
{
    size_t name_len = strspn(content->text, ATTRIBUTE);
    char *at = content->text + name_len;
    bool encoded;

    if (name_len == 0 || *at != ':') {
        sdr_error_set(error,
                      content->text[0] == ' '
                          ? "an indented line continues the line before it, "
                            "but there is none: \"%.60s\""
                          : "\"%.60s\" does not begin with \"attribute:\"",
                      content->text);
        return SDR_INVALID;
    }
    *at++ = '\0';
    content->attribute = content->text;
    if (*at == '<') {
        sdr_error_set(error, "%s: values in other files are not supported",
                      content->attribute);
        return SDR_INVALID;
    }
    encoded = *at == ':';
    at += encoded;
    content->value = at + strspn(at, FILL);
    content->value_len =
        content->len - (size_t)(content->value - content->text);
    return encoded ? decode(content, error) : SDR_OK;
}

static bool
is(const struct ldif_reader *content, const char *attribute)
{
    return strcasecmp(content->attribute, attribute) == 0;
}

static enum sdr_status
begin_record(struct ldif_reader *content, struct sdr_error *error)
{
    if (!is(content, "dn")) {
        sdr_error_set(error,
                      "%s: a record must begin with dn:", content->attribute);
        return SDR_INVALID;
    }
    if (strlen(content->value) != content->value_len) {
        sdr_error_set(error, "dn: contains a NUL octet");
        return SDR_INVALID;
    }
    content->in_record = content->after_record = content->after_dn = true;
    return SDR_OK;
}

/* Returns true for the only kind of change record that has a complete entry;
 * ldifde writes it. */
static bool
is_addition(const struct ldif_reader *content)
{
    return is(content, "changetype") && content->value_len == 3
           && strcasecmp(content->value, "add") == 0;
}

static enum sdr_status
check_attribute(const struct ldif_reader *content, struct sdr_error *error)
{
    if (is(content, "dn")) {
        sdr_error_set(error, "dn: no empty line before it");
        return SDR_INVALID;
    }
    if (is(content, "changetype") || is(content, "control")) {
        sdr_error_set(error, "%s: the file contains changes, not entries",
                      content->attribute);
        return SDR_INVALID;
    }
    return SDR_OK;
}

static enum sdr_status
check_version(const struct ldif_reader *content, struct sdr_error *error)
{
    if (strcmp(content->value, "1") == 0)
        return SDR_OK;
    sdr_error_set(error, "version: only 1 is supported");
    return SDR_INVALID;
}

/* ---- items ---- */

/* Called after the last line or an empty one: returns true if that ends a
 * record. */
static bool
end_record(struct ldif_reader *content)
{
    bool ended = content->in_record;

    content->in_record = false;
    return ended;
}

/* Find out what the current line is; CONTENT_DONE if it is nothing to report.
 */
static enum sdr_status
read_item(struct ldif_reader *content, enum ldif_reader_item *item,
          struct sdr_error *error)
{
    enum sdr_status status;

    *item = CONTENT_DONE;
    if (content->text[0] == '#')
        return SDR_OK;
    if (content->len == 0) {
        if (end_record(content))
            *item = CONTENT_END;
        return SDR_OK;
    }
    status = split(content, error);
    if (status != SDR_OK)
        return status;
    if (content->in_record) {
        bool after_dn = content->after_dn;

        content->after_dn = false;
        if (after_dn && is_addition(content))
            return SDR_OK;
        *item = CONTENT_VALUE;
        return check_attribute(content, error);
    }
    if (!content->after_record && is(content, "version"))
        return check_version(content, error);
    *item = CONTENT_DN;
    return begin_record(content, error);
}

enum sdr_status
ldif_reader_next(struct ldif_reader *content, enum ldif_reader_item *item,
                 struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    *item = CONTENT_DONE;
    while (status == SDR_OK && *item == CONTENT_DONE
           && content->at < content->end) {
        status = read_line(content, error);
        if (status == SDR_OK)
            status = read_item(content, item, error);
    }
    if (status == SDR_OK && *item == CONTENT_DONE && end_record(content))
        *item = CONTENT_END;
    return status;
}
