/* ldif_edit.c - see ldif_edit.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldif.h>

#include "array.h"
#include "decision/value.h"
#include "ldif/ldif_entries.h"

/* Beyond this the octets are not kept: values alone lead back then. */
enum { OCTETS_MAX = 64 * 1024 };

/* A value of the entry, and its lines. */
struct item {
    char *attribute;
    struct values value; /* one */
    size_t begin, end;
    unsigned long line;
    unsigned of; /* the attribute of the change, or its count if it is none */
    bool drop;   /* its lines are left out, or hold another value: */
    const struct berval *other;
};

/* A new line behind those of an item. */
struct addition {
    size_t behind;
    unsigned of;
    const struct berval *value;
};

struct edit {
    const char *path;
    const char *text;
    size_t len;
    unsigned long line;
    struct change *change;
    bool has_crlf;
    struct item *items; /* the first one is the name of the entry */
    size_t count, room;
    struct addition *additions;
    size_t addition_count, addition_room;
};

/* ---- reading ---- */

static void
clear(struct edit *edit)
{
    for (size_t i = 0; i < edit->count; i++) {
        free(edit->items[i].attribute);
        values_clear(&edit->items[i].value);
    }
    free(edit->items);
    free(edit->additions);
}

static unsigned
attribute_of(const struct change *change, const char *attribute)
{
    unsigned i = 0;

    while (i < change->count
           && !sdr_attribute_is(change->attributes[i].name, attribute))
        i++;
    return i;
}

static bool
add_item(struct edit *edit, const struct ldif_reader *content, bool is_name)
{
    struct item item = {.attribute =
                            strdup(is_name ? "dn" : content->attribute),
                        .begin = (size_t)(content->begin - edit->text),
                        .end = (size_t)(content->at - edit->text),
                        .line = edit->line + content->line - 1};

    item.of = is_name ? edit->change->count
                      : attribute_of(edit->change, content->attribute);
    if (item.attribute != NULL
        && values_add(&item.value, content->value, content->value_len)
        && sdr_array_append(&edit->items, &edit->count, &edit->room, &item,
                            sizeof item))
        return true;
    free(item.attribute);
    values_clear(&item.value);
    return false;
}

/* False without memory: the text was valid before. */
static bool
read_items(struct edit *edit, const char *text, size_t len)
{
    enum ldif_reader_item item = CONTENT_END;
    struct sdr_error error;
    struct ldif_reader content;
    bool ok = true;

    edit->text = text;
    edit->len = len;
    ldif_reader_begin(&content, text, len);
    while (ok && item != CONTENT_DONE) {
        ok = ldif_reader_next(&content, &item, &error) == SDR_OK;
        if (ok
            && (item == CONTENT_DN
                || (item == CONTENT_VALUE
                    && !ldif_entries_deleted(content.attribute))))
            ok = add_item(edit, &content, item == CONTENT_DN);
    }
    ldif_reader_clear(&content);
    return ok && edit->count > 0;
}

/* Compare the entry with the change. False without memory. */
static bool
find_standing(const struct edit *edit, enum standing *standing)
{
    struct values now[CHANGE_ATTRIBUTES_MAX] = {{0}};
    bool ok = true;

    for (size_t i = 0; ok && i < edit->count; i++) {
        const struct item *item = &edit->items[i];

        if (item->of < edit->change->count)
            ok = values_add(&now[item->of], item->value.items[0].bv_val,
                            item->value.items[0].bv_len);
    }
    *standing = change_compare(edit->change, now);
    for (unsigned i = 0; i < CHANGE_ATTRIBUTES_MAX; i++)
        values_clear(&now[i]);
    return ok;
}

/* ---- which lines ---- */

static bool
contains(const struct values *values, const struct berval *value)
{
    for (size_t i = 0; i < values->count; i++) {
        if (values->items[i].bv_len == value->bv_len
            && memcmp(values->items[i].bv_val, value->bv_val, value->bv_len)
                   == 0)
            return true;
    }
    return false;
}

/* The next value that is to be there and was not; NULL: no more. */
static const struct berval *
next_new(const struct change_attribute *attribute, size_t *at)
{
    while (*at < attribute->after.count) {
        const struct berval *value = &attribute->after.items[(*at)++];

        if (!contains(&attribute->before, value))
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

/* False without memory. */
static bool
mark(struct edit *edit, unsigned of)
{
    const struct change_attribute *attribute = &edit->change->attributes[of];
    size_t last = edit->count, at = 0;
    const struct berval *value;
    bool ok = true;

    for (size_t i = 0; i < edit->count; i++) {
        struct item *item = &edit->items[i];
        const struct berval *old = &item->value.items[0];

        if (item->of != of)
            continue;
        last = i;
        if (contains(&attribute->before, old)
            && !contains(&attribute->after, old)) {
            item->other = next_new(attribute, &at);
            item->drop = item->other == NULL;
        }
    }
    if (last == edit->count)
        last--;
    while (ok && (value = next_new(attribute, &at)) != NULL)
        ok = add_line(edit, last, of, value);
    return ok;
}

/* ---- writing ---- */

/* A line as RFC 2849 has it, folded and in base64 where that is needed. */
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

/* Write the lines of the item, and what follows it up to the next one:
 * comments. */
static bool
put_item(const struct edit *edit, FILE *out, size_t i)
{
    const struct item *item = &edit->items[i];
    size_t next = i + 1 < edit->count ? item[1].begin : edit->len;
    bool ok = true;

    if (item->other != NULL)
        ok = put_value(edit, out, item->attribute, item->other);
    else if (!item->drop)
        fwrite(edit->text + item->begin, item->end - item->begin, 1, out);
    for (size_t k = 0; ok && k < edit->addition_count; k++) {
        const struct addition *addition = &edit->additions[k];

        if (addition->behind == i)
            ok = put_value(edit, out,
                           edit->change->attributes[addition->of].name,
                           addition->value);
    }
    fwrite(edit->text + item->end, next - item->end, 1, out);
    return ok;
}

static bool
put_all(const struct edit *edit, char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    bool ok = out != NULL;

    for (size_t i = 0; ok && i < edit->count; i++)
        ok = put_item(edit, out, i);
    if (out != NULL && fclose(out) != 0)
        ok = false;
    if (!ok && out != NULL) {
        free(*text);
        *text = NULL;
    }
    return ok;
}

/* ---- the octets that change ---- */

static bool
copy_octets(struct berval *to, const char *octets, size_t len)
{
    to->bv_val = malloc(len + 1);
    to->bv_len = len;
    if (to->bv_val == NULL)
        return false;
    memcpy(to->bv_val, octets, len);
    to->bv_val[len] = '\0';
    return true;
}

/* What is between the octets that both begin and end with. */
static void
keep_octets(const struct edit *edit, const char *text, size_t len)
{
    struct change_octets *octets = &edit->change->octets;
    size_t shorter = len < edit->len ? len : edit->len, begin = 0, end = 0;

    while (begin < shorter && text[begin] == edit->text[begin])
        begin++;
    while (end < shorter - begin
           && text[len - end - 1] == edit->text[edit->len - end - 1])
        end++;
    free(octets->before.bv_val);
    free(octets->after.bv_val);
    *octets = (struct change_octets){.offset = begin};
    octets->known =
        edit->len + len - 2 * (begin + end) <= OCTETS_MAX
        && copy_octets(&octets->before, edit->text + begin,
                       edit->len - begin - end)
        && copy_octets(&octets->after, text + begin, len - begin - end);
}

/* The items that the change leaves alone, one by one. */
static const struct item *
next_other(const struct edit *edit, size_t *at)
{
    while (*at < edit->count) {
        const struct item *item = &edit->items[(*at)++];
        unsigned of = item->of;
        const struct change_attribute *attribute =
            &edit->change->attributes[of];

        if (of == edit->change->count
            || (strcasecmp(attribute->name, "objectClass") == 0
                && !contains(&attribute->before, &item->value.items[0])
                && !contains(&attribute->after, &item->value.items[0])))
            return item;
    }
    return NULL;
}

/* True if both have the same values in all that the change leaves alone. */
static bool
agree(const struct edit *a, const struct edit *b)
{
    const struct item *x, *y;
    size_t i = 0, k = 0;

    do {
        x = next_other(a, &i);
        y = next_other(b, &k);
        if (x != NULL && y != NULL
            && (strcmp(x->attribute, y->attribute) != 0
                || !values_same(&x->value, &y->value)))
            return false;
    } while (x != NULL && y != NULL);
    return x == y;
}

/* True if the text is the entry after the change. Nothing else is written,
 * whatever a journal says. */
static bool
is_right(const struct edit *edit, const char *text, size_t len)
{
    struct edit after = {.line = edit->line, .change = edit->change};
    enum standing standing = IS_ELSE;
    bool right = len > 0 && text[len - 1] == '\n'
                 && read_items(&after, text, len)
                 && find_standing(&after, &standing) && standing == IS_AFTER
                 && agree(edit, &after);

    clear(&after);
    return right;
}

/* Put in the octets that the change knows. False if the entry has others. */
static bool
put_octets(const struct edit *edit, char **text, size_t *len)
{
    const struct change_octets *octets = &edit->change->octets;
    const struct berval *before = &octets->before, *after = &octets->after;
    size_t end = octets->offset + before->bv_len;

    if (!octets->known || end < octets->offset || end > edit->len
        || memcmp(edit->text + octets->offset, before->bv_val, before->bv_len)
               != 0)
        return false;
    *len = edit->len - before->bv_len + after->bv_len;
    *text = malloc(*len + 1);
    if (*text == NULL)
        return false;
    memcpy(*text, edit->text, octets->offset);
    memcpy(*text + octets->offset, after->bv_val, after->bv_len);
    memcpy(*text + octets->offset + after->bv_len, edit->text + end,
           edit->len - end);
    if (is_right(edit, *text, *len))
        return true;
    free(*text);
    *text = NULL;
    return false;
}

/* ---- the change ---- */

static enum change_result
no_memory(struct sdr_error *error)
{
    sdr_error_set(error, "no memory");
    return CHANGE_FAILED;
}

/* What an option means, such as a language, is not known here. */
static bool
has_option(const struct edit *edit, struct sdr_error *error)
{
    for (size_t i = 0; i < edit->count; i++) {
        const struct item *item = &edit->items[i];

        if (item->of == edit->change->count
            || strchr(item->attribute, ';') == NULL)
            continue;
        sdr_error_set(error, "%s:%lu: %s: edit it by hand: it has an option",
                      edit->path, item->line, item->attribute);
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
    if (put_octets(edit, text, len)) {
        keep_octets(edit, *text, *len);
        return CHANGE_DONE;
    }
    for (unsigned of = 0; ok && of < edit->change->count; of++)
        ok = mark(edit, of);
    if (!ok || !put_all(edit, text, len))
        return no_memory(error);
    if (is_right(edit, *text, *len)) {
        keep_octets(edit, *text, *len);
        return CHANGE_DONE;
    }
    free(*text);
    *text = NULL;
    sdr_error_set(error, "%s:%lu: edit it by hand: sdrctl cannot", edit->path,
                  edit->line);
    return CHANGE_CONFLICT;
}

enum change_result
ldif_edit(const struct ldif_span *span, const char *path, struct change *change,
          char **text, size_t *len, struct sdr_error *error)
{
    struct edit edit = {.path = path, .line = span->line, .change = change};
    size_t all = (size_t)(span->end - span->begin);
    enum change_result result = CHANGE_CONFLICT;
    enum standing standing;

    if (!read_items(&edit, span->begin, all)
        || !find_standing(&edit, &standing)) {
        clear(&edit);
        return no_memory(error);
    }
    edit.has_crlf =
        edit.items[0].end >= 2 && edit.text[edit.items[0].end - 2] == '\r';
    if (standing == IS_BEFORE)
        result = make_change(&edit, text, len, error);
    else if (standing == IS_AFTER)
        result = CHANGE_NEEDLESS;
    else
        sdr_error_set(error,
                      "%s:%lu: somebody else has changed the entry since", path,
                      span->line);
    clear(&edit);
    return result;
}
