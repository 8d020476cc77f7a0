/* ldif_octets.c - see ldif_octets.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_octets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Larger changes are not kept; undo then restores values only. */
enum { OCTETS_MAX = 64 * 1024 };

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

void
ldif_octets_keep(const struct ldif_lines *lines, const char *text, size_t len)
{
    struct change_octets *octets = &lines->change->octets;
    size_t shorter = len < lines->len ? len : lines->len, begin = 0, end = 0;

    while (begin < shorter && text[begin] == lines->text[begin])
        begin++;
    while (end < shorter - begin
           && text[len - end - 1] == lines->text[lines->len - end - 1])
        end++;
    free(octets->before.bv_val);
    free(octets->after.bv_val);
    *octets = (struct change_octets){.offset = begin};
    octets->known =
        lines->len + len - 2 * (begin + end) <= OCTETS_MAX
        && copy_octets(&octets->before, lines->text + begin,
                       lines->len - begin - end)
        && copy_octets(&octets->after, text + begin, len - begin - end);
}

/* Returns the next item that the change does not touch, or NULL. */
static const struct ldif_line *
next_other(const struct ldif_lines *lines, size_t *at)
{
    while (*at < lines->count) {
        const struct ldif_line *item = &lines->items[(*at)++];
        unsigned of = item->of;
        const struct change_attribute *attribute =
            &lines->change->attributes[of];

        if (of == lines->change->count
            || (strcasecmp(attribute->name, "objectClass") == 0
                && !values_contain(&attribute->before, &item->value.items[0])
                && !values_contain(&attribute->after, &item->value.items[0])))
            return item;
    }
    return NULL;
}

/* True if all values that the change does not touch are the same in both. */
static bool
agree(const struct ldif_lines *a, const struct ldif_lines *b)
{
    const struct ldif_line *x, *y;
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

bool
ldif_octets_are_right(const struct ldif_lines *lines, const char *text,
                      size_t len)
{
    struct ldif_lines after = {.line = lines->line, .change = lines->change};
    enum standing standing = IS_ELSE;
    bool right = len > 0 && text[len - 1] == '\n'
                 && ldif_lines_read(&after, text, len)
                 && ldif_lines_compare(&after, &standing)
                 && standing == IS_AFTER && agree(lines, &after);

    ldif_lines_clear(&after);
    return right;
}

bool
ldif_octets_put(const struct ldif_lines *lines, char **text, size_t *len)
{
    const struct change_octets *octets = &lines->change->octets;
    const struct berval *before = &octets->before, *after = &octets->after;
    size_t end = octets->offset + before->bv_len;

    if (!octets->known || end < octets->offset || end > lines->len
        || memcmp(lines->text + octets->offset, before->bv_val, before->bv_len)
               != 0)
        return false;
    *len = lines->len - before->bv_len + after->bv_len;
    *text = malloc(*len + 1);
    if (*text == NULL)
        return false;
    memcpy(*text, lines->text, octets->offset);
    memcpy(*text + octets->offset, after->bv_val, after->bv_len);
    memcpy(*text + octets->offset + after->bv_len, lines->text + end,
           lines->len - end);
    if (ldif_octets_are_right(lines, *text, *len))
        return true;
    free(*text);
    *text = NULL;
    return false;
}
