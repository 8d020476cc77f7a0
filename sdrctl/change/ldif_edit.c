/* ldif_edit.c - see ldif_edit.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldif.h>

#include "array.h"
#include "change/ldif_lines.h"
#include "change/ldif_octets.h"

/* A line to add after the lines of an item. */
struct addition {
    size_t behind;
    unsigned of;
    const struct berval *value;
};

struct edit {
    struct ldif_lines lines;
    bool has_crlf;
    struct addition *additions;
    size_t addition_count, addition_room;
};

/* ---- lines to change ---- */

/* Returns the next value that the change adds, or NULL at the end. */
static const struct berval *
next_new(const struct change_attribute *attribute, size_t *at)
{
    while (*at < attribute->after.count) {
        const struct berval *value = &attribute->after.items[(*at)++];

        if (!values_contain(&attribute->before, value))
            return value;
    }
    return NULL;
}

static bool
add_line(struct edit *edit, size_t behind, unsigned of,
         const struct berval *value)
{
    struct addition addition = {behind, of, value};

    return sdr_array_append(&edit->additions, &edit->addition_count,
                            &edit->addition_room, &addition, sizeof addition);
}

/* Mark the lines of an attribute of the change: which get a new value, are
 * dropped, or are followed by added lines. Returns false if out of memory. */
static bool
mark(struct edit *edit, unsigned of)
{
    const struct change_attribute *attribute =
        &edit->lines.change->attributes[of];
    size_t last = edit->lines.count, at = 0;
    const struct berval *value;
    bool ok = true;

    for (size_t i = 0; i < edit->lines.count; i++) {
        struct ldif_line *item = &edit->lines.items[i];
        const struct berval *old = &item->value.items[0];

        if (item->of != of)
            continue;
        last = i;
        if (values_contain(&attribute->before, old)
            && !values_contain(&attribute->after, old)) {
            item->other = next_new(attribute, &at);
            item->drop = item->other == NULL;
        }
    }
    if (last == edit->lines.count)
        last--;
    while (ok && (value = next_new(attribute, &at)) != NULL)
        ok = add_line(edit, last, of, value);
    return ok;
}

/* ---- writing ---- */

/* Write a value as a line of LDIF (RFC 2849), folded and in base64 if needed.
 */
static bool
put_value(const struct edit *edit, FILE *out, const char *name,
          const struct berval *value)
{
    char *lines = ldif_put(LDIF_PUT_VALUE, name, value->bv_val, value->bv_len);

    for (const char *at = lines; at != NULL && *at != '\0'; at++) {
        if (*at == '\n' && edit->has_crlf)
            fputc('\r', out);
        fputc(*at, out);
    }
    ber_memfree(lines);
    return lines != NULL;
}

/* Write the lines of the item, added lines, and the comments up to the next
 * item. */
static bool
put_item(const struct edit *edit, FILE *out, size_t i)
{
    const struct ldif_line *item = &edit->lines.items[i];
    size_t next = i + 1 < edit->lines.count ? item[1].begin : edit->lines.len;
    bool ok = true;

    if (item->other != NULL)
        ok = put_value(edit, out, item->attribute, item->other);
    else if (!item->drop)
        fwrite(edit->lines.text + item->begin, item->end - item->begin, 1, out);
    for (size_t k = 0; ok && k < edit->addition_count; k++) {
        const struct addition *addition = &edit->additions[k];

        if (addition->behind == i)
            ok = put_value(edit, out,
                           edit->lines.change->attributes[addition->of].name,
                           addition->value);
    }
    fwrite(edit->lines.text + item->end, next - item->end, 1, out);
    return ok;
}

static bool
put_all(const struct edit *edit, char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    bool ok = out != NULL;

    for (size_t i = 0; ok && i < edit->lines.count; i++)
        ok = put_item(edit, out, i);
    if (out != NULL && fclose(out) != 0)
        ok = false;
    if (!ok && out != NULL) {
        free(*text);
        *text = NULL;
    }
    return ok;
}

/* ---- the change ---- */

static enum change_result
no_memory(struct sdr_error *error)
{
    sdr_error_set(error, "no memory");
    return CHANGE_FAILED;
}

/* Report a value with an attribute option, such as a language: options are not
 * supported. */
static bool
has_option(const struct edit *edit, struct sdr_error *error)
{
    for (size_t i = 0; i < edit->lines.count; i++) {
        const struct ldif_line *item = &edit->lines.items[i];

        if (item->of == edit->lines.change->count
            || strchr(item->attribute, ';') == NULL)
            continue;
        sdr_error_set(error, "%s:%lu: %s: edit it by hand: it has an option",
                      edit->lines.path, item->line, item->attribute);
        return true;
    }
    return false;
}

static enum change_result
make_change(struct edit *edit, char **text, size_t *len,
            struct sdr_error *error)
{
    bool ok = true;

    if (has_option(edit, error))
        return CHANGE_CONFLICT;
    if (ldif_octets_put(&edit->lines, text, len)) {
        ldif_octets_keep(&edit->lines, *text, *len);
        return CHANGE_DONE;
    }
    for (unsigned of = 0; ok && of < edit->lines.change->count; of++)
        ok = mark(edit, of);
    if (!ok || !put_all(edit, text, len))
        return no_memory(error);
    if (ldif_octets_are_right(&edit->lines, *text, *len)) {
        ldif_octets_keep(&edit->lines, *text, *len);
        return CHANGE_DONE;
    }
    free(*text);
    *text = NULL;
    sdr_error_set(error, "%s:%lu: edit it by hand: sdrctl cannot",
                  edit->lines.path, edit->lines.line);
    return CHANGE_CONFLICT;
}

enum change_result
ldif_edit(const struct ldif_span *span, const char *path, struct change *change,
          char **text, size_t *len, struct sdr_error *error)
{
    struct edit edit = {
        .lines = {.path = path, .line = span->line, .change = change}};
    struct ldif_lines *lines = &edit.lines;
    size_t all = (size_t)(span->end - span->begin);
    enum change_result result = CHANGE_CONFLICT;
    enum standing standing;

    if (!ldif_lines_read(lines, span->begin, all)
        || !ldif_lines_compare(lines, &standing)) {
        ldif_lines_clear(lines);
        return no_memory(error);
    }
    edit.has_crlf = lines->items[0].end >= 2
                    && lines->text[lines->items[0].end - 2] == '\r';
    if (standing == IS_BEFORE)
        result = make_change(&edit, text, len, error);
    else if (standing == IS_AFTER)
        result = CHANGE_NEEDLESS;
    else
        sdr_error_set(error,
                      "%s:%lu: somebody else has changed the entry since", path,
                      span->line);
    free(edit.additions);
    ldif_lines_clear(lines);
    return result;
}
