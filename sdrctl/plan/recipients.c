/* recipients.c - see recipients.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/recipients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "change/batch.h"
#include "decision/address.h"
#include "plan/fingerprint.h"
#include "print.h"

/* An address of a wave. */
struct listed {
    char *key; /* the address, for comparison */
    char *address;
    const struct wave *wave;
    unsigned long line;
};

struct list {
    struct listed *items;
    size_t count, room;
};

/* ---- one wave ---- */

/* The caller calls batch_clear() in any case. */
static bool
read_wave(struct wave *wave, struct batch *batch)
{
    bool ok = batch_read(batch, wave->path, batch_print_mistake, NULL);

    wave->count = batch->count;
    if (ok && batch->count == 0) {
        batch_print_mistake(NULL, batch, 0, "no addresses");
        ok = false;
    }
    if (ok && !fingerprint_make(wave, batch)) {
        batch_print_mistake(NULL, batch, 0, "no memory");
        ok = false;
    }
    return ok;
}

bool
wave_is_same(const struct wave *wave)
{
    struct batch batch = {.items = NULL};
    struct wave now = *wave;
    struct sdr_error error;
    bool ok = read_wave(&now, &batch);

    batch_clear(&batch);
    if (!ok || strcmp(now.fingerprint, wave->fingerprint) == 0)
        return ok;
    sdr_error_set(&error, "%s: it has changed since the plan was read",
                  wave->path);
    print_error_line(&error);
    return false;
}

/* ---- all of them ---- */

/* Text that is not an address stays as it is. plan_look_up() refuses it. */
static char *
make_key(const char *text)
{
    struct sdr_address address;
    char *key;

    if (sdr_address_parse(&address, text) != SDR_OK)
        return strdup(text);
    return asprintf(&key, "%s@%s", address.folded, address.domain) >= 0 ? key
                                                                        : NULL;
}

/* Move the addresses from the batch to the list. */
static bool
add_wave(struct list *list, const struct wave *wave, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_line *line = &batch->items[i];
        struct listed item = {make_key(line->address), line->address, wave,
                              line->line};

        if (item.key == NULL
            || !sdr_array_append(&list->items, &list->count, &list->room, &item,
                                 sizeof item)) {
            free(item.key);
            batch_print_mistake(NULL, batch, 0, "no memory");
            return false;
        }
        line->address = NULL;
    }
    return true;
}

static int
compare(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    if (order == 0)
        order = (x->wave > y->wave) - (x->wave < y->wave);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void
print_twice(const struct listed *first, const struct listed *second)
{
    struct sdr_error error;

    sdr_error_set(
        &error, "%s:%lu: %s: in wave %s, but also in wave %s, at %s:%lu",
        second->wave->path, second->line, second->address, second->wave->name,
        first->wave->name, first->wave->path, first->line);
    print_error_line(&error);
}

/* plan_look_up() reports an address that is twice in one wave. */
static bool
check_list(struct list *list)
{
    bool ok = true;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
    for (size_t i = 1; i < list->count; i++) {
        const struct listed *first = &list->items[i - 1], *second = first + 1;

        if (strcmp(first->key, second->key) != 0 || first->wave == second->wave)
            continue;
        print_twice(first, second);
        ok = false;
    }
    return ok;
}

static void
clear_list(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].key);
        free(list->items[i].address);
    }
    free(list->items);
}

bool
plan_read_recipients(struct plan *plan)
{
    struct list list = {.items = NULL};
    bool ok = true;

    for (unsigned i = 0; i < plan->count; i++) {
        struct batch batch = {.items = NULL};

        ok &= read_wave(&plan->waves[i], &batch)
              && add_wave(&list, &plan->waves[i], &batch);
        batch_clear(&batch);
    }
    ok &= check_list(&list);
    clear_list(&list);
    return ok;
}
