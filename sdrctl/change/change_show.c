/* change_show.c - see change_show.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/change_show.h"

#include <stdio.h>

#include "json.h"
#include "print.h"

/* ---- text ---- */

static void
show_values(const struct values *values)
{
    if (values->count == 0)
        putchar('-');
    for (size_t i = 0; i < values->count; i++) {
        fputs(i > 0 ? "," : "", stdout);
        print_clean_octets(values->items[i].bv_val, values->items[i].bv_len);
    }
}

void
change_show(const struct change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        putchar(' ');
        print_clean(change->attributes[i].name);
        putchar('=');
        show_values(&change->attributes[i].before);
        fputs("->", stdout);
        show_values(&change->attributes[i].after);
    }
}

/* ---- JSON ---- */

static json_t *
make_values(const struct values *values)
{
    json_t *array = json_array();

    for (size_t i = 0; i < values->count; i++)
        json_array_append_new(array, make_string_of(values->items[i].bv_val,
                                                    values->items[i].bv_len));
    return array;
}

json_t *
change_make_json(const struct change *change)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];
        json_t *values = json_object();

        json_object_set_new(values, "before", make_values(&attribute->before));
        json_object_set_new(values, "after", make_values(&attribute->after));
        json_object_set_new(object, attribute->name, values);
    }
    return object;
}
