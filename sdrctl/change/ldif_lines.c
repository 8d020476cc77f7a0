/* ldif_lines.c - see ldif_lines.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_lines.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "decision/value.h"
#include "ldif/ldif_entries.h"

void
ldif_lines_clear(struct ldif_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        free(lines->items[i].attribute);
        values_clear(&lines->items[i].value);
    }
    free(lines->items);
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
add_item(struct ldif_lines *lines, const struct ldif_reader *content,
         bool is_name)
{
    struct ldif_line item = {.attribute =
                                 strdup(is_name ? "dn" : content->attribute),
                             .begin = (size_t)(content->begin - lines->text),
                             .end = (size_t)(content->at - lines->text),
                             .line = lines->line + content->line - 1};

    item.of = is_name ? lines->change->count
                      : attribute_of(lines->change, content->attribute);
    if (item.attribute != NULL
        && values_add(&item.value, content->value, content->value_len)
        && sdr_array_append(&lines->items, &lines->count, &lines->room, &item,
                            sizeof item))
        return true;
    free(item.attribute);
    values_clear(&item.value);
    return false;
}

bool
ldif_lines_read(struct ldif_lines *lines, const char *text, size_t len)
{
    enum ldif_reader_item item = CONTENT_END;
    struct sdr_error error;
    struct ldif_reader content;
    bool ok = true;

    lines->text = text;
    lines->len = len;
    ldif_reader_begin(&content, text, len);
    while (ok && item != CONTENT_DONE) {
        ok = ldif_reader_next(&content, &item, &error) == SDR_OK;
        if (ok
            && (item == CONTENT_DN
                || (item == CONTENT_VALUE
                    && !ldif_entries_deleted(content.attribute))))
            ok = add_item(lines, &content, item == CONTENT_DN);
    }
    ldif_reader_clear(&content);
    return ok && lines->count > 0;
}

bool
ldif_lines_compare(const struct ldif_lines *lines, enum standing *standing)
{
    struct values now[CHANGE_ATTRIBUTES_MAX] = {{0}};
    bool ok = true;

    for (size_t i = 0; ok && i < lines->count; i++) {
        const struct ldif_line *item = &lines->items[i];

        if (item->of < lines->change->count)
            ok = values_add(&now[item->of], item->value.items[0].bv_val,
                            item->value.items[0].bv_len);
    }
    *standing = change_compare(lines->change, now);
    for (unsigned i = 0; i < CHANGE_ATTRIBUTES_MAX; i++)
        values_clear(&now[i]);
    return ok;
}
