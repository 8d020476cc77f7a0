/* row.c - see row.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "log.h"

/* ---- collecting ---- */

/* FNV-1a: collisions are harmless here. */
static uint64_t
digest(uint64_t start, const char *text)
{
    uint64_t hash = start ^ 0xcbf29ce484222325U;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3U;
    return hash;
}

/* Set *DOMAIN to the split domain of the address. Returns false if there is
 * none, or if it is an alias. */
static bool
find_domain(const struct sdr_config *config, const char *address,
            unsigned *domain)
{
    const char *at = strrchr(address, '@');
    const struct sdr_name *name =
        at != NULL ? sdr_config_name(config, at + 1) : NULL;

    if (name == NULL || name->kind != SDR_NAME_SPLIT
        || strcmp(config->domains[name->split].ascii, at + 1) != 0)
        return false;
    *domain = name->split;
    return true;
}

static struct row
make_row(const struct sdr_facts *facts, const char *dn)
{
    struct row row = {
        .entry = digest(facts->directory, dn),
        .owners = facts->owners,
        .directory = (unsigned char)facts->directory,
        .strength = (unsigned char)facts->strength,
        .hold = facts->hold,
        .foreign_owner = facts->foreign_owner,
        .bad_routing = facts->bad_routing,
        .outside = facts->outside,
        .by_default = facts->by_default,
        .has_routing = facts->has_routing,
        .in_split = facts->in_split,
        .forward = facts->forward,
        .contact = facts->contact,
    };

    if (facts->has_routing)
        row.routing_site = (unsigned char)facts->routing_site;
    if (sdr_facts_has_address(facts))
        row.routing =
            digest(digest(0, facts->routing.folded), facts->routing.domain);
    return row;
}

static void
add_bad_value(struct rows *rows, unsigned domain, const char *address,
              const char *dn)
{
    struct row_bad_value one = {.address = strdup(address), .domain = domain};
    char text[1024], clean[1024];

    snprintf(text, sizeof text, "%s in %s", address, dn);
    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    one.text = strdup(clean);
    if (one.address != NULL && one.text != NULL
        && sdr_array_append(&rows->bad_values, &rows->bad_count,
                            &rows->bad_room, &one, sizeof one))
        return;
    free(one.address);
    free(one.text);
    rows->no_memory = true;
}

bool
rows_add(struct rows *rows, const struct sdr_config *config,
         const char *address, const struct sdr_facts *facts, const char *dn)
{
    struct row row = make_row(facts, dn);
    unsigned domain;

    if (!find_domain(config, address, &domain))
        return false;
    if (facts->unreadable)
        add_bad_value(rows, domain, address, dn);
    if (facts->unreadable || address[0] == '@')
        return false;
    row.domain = (unsigned short)domain;
    row.address = strdup(address);
    if (row.address == NULL
        || !sdr_array_append(&rows->items, &rows->count, &rows->room, &row,
                             sizeof row)) {
        free(row.address);
        rows->no_memory = true;
    }
    return true;
}

void
rows_add_value(struct rows *rows, unsigned directory, const char *value,
               size_t len, const char *address)
{
    struct row_value one = {.directory = directory, .address = strdup(address)};
    char clean[1024];

    sdr_log_clean(clean, sizeof clean, value, len, "");
    one.value = strdup(clean);
    if (one.value != NULL && one.address != NULL
        && sdr_array_append(&rows->values, &rows->value_count,
                            &rows->value_room, &one, sizeof one))
        return;
    free(one.value);
    free(one.address);
    rows->no_memory = true;
}

void
rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->items[i].address);
    for (size_t i = 0; i < rows->value_count; i++) {
        free(rows->values[i].value);
        free(rows->values[i].address);
    }
    for (size_t i = 0; i < rows->bad_count; i++) {
        free(rows->bad_values[i].address);
        free(rows->bad_values[i].text);
    }
    free(rows->items);
    free(rows->values);
    free(rows->bad_values);
    memset(rows, 0, sizeof *rows);
}

/* ---- sorting ---- */

static int
order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Sort by address, then directory; in each directory the strongest first. */
static int
compare_addresses(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int result = strcmp(x->address, y->address);

    if (result == 0)
        result = order(x->directory, y->directory);
    if (result == 0)
        result = order(x->strength, y->strength);
    return result != 0 ? result : order(x->entry, y->entry);
}

/* Sort by entry, then domain, then as compare_addresses(). */
static int
compare_entries(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    int result = order(x->entry, y->entry);

    if (result == 0)
        result = order(x->domain, y->domain);
    return result != 0 ? result : (x > y) - (x < y);
}

static int
compare_values(const void *a, const void *b)
{
    const struct row_value *x = a, *y = b;
    int result = order(x->directory, y->directory);

    if (result == 0)
        result = strcmp(x->value, y->value);
    return result != 0 ? result : strcmp(x->address, y->address);
}

static int
compare_bad_values(const void *a, const void *b)
{
    const struct row_bad_value *x = a, *y = b;

    return strcmp(x->text, y->text);
}

static int
compare_address(const void *address, const void *row)
{
    return strcmp(address, ((const struct row *)row)->address);
}

static bool
is_known(const struct rows *rows, const char *address)
{
    return rows->count > 0
           && bsearch(address, rows->items, rows->count, sizeof *rows->items,
                      compare_address)
                  != NULL;
}

/* Drop duplicates, and addresses that another entry has in a readable value. */
static void
settle_bad_values(struct rows *rows)
{
    struct row_bad_value *bad_values = rows->bad_values;
    size_t kept = 0;

    if (rows->bad_count > 1)
        qsort(bad_values, rows->bad_count, sizeof *bad_values,
              compare_bad_values);
    for (size_t i = 0; i < rows->bad_count; i++) {
        if (!is_known(rows, bad_values[i].address)
            && (kept == 0
                || strcmp(bad_values[kept - 1].text, bad_values[i].text))) {
            bad_values[kept++] = bad_values[i];
            continue;
        }
        free(bad_values[i].address);
        free(bad_values[i].text);
    }
    rows->bad_count = kept;
}

static void
mark_overruled(struct rows *rows)
{
    const struct row *best = NULL;

    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];

        if (best == NULL || best->directory != row->directory
            || strcmp(best->address, row->address) != 0)
            best = row;
        row->overruled = row->strength > best->strength;
    }
}

static void
mark_first(struct row **sorted, size_t count)
{
    const struct row *last = NULL;

    for (size_t i = 0; i < count; i++) {
        struct row *row = sorted[i];

        if (row->overruled)
            continue;
        row->leads = last == NULL || last->entry != row->entry;
        row->counts = row->leads || last->domain != row->domain;
        last = row;
    }
}

void
rows_sort(struct rows *rows)
{
    struct row **sorted = calloc(rows->count + 1, sizeof *sorted);

    if (sorted == NULL) {
        rows->no_memory = true;
        return;
    }
    if (rows->count > 0)
        qsort(rows->items, rows->count, sizeof *rows->items, compare_addresses);
    settle_bad_values(rows);
    mark_overruled(rows);
    for (size_t i = 0; i < rows->count; i++)
        sorted[i] = &rows->items[i];
    qsort(sorted, rows->count, sizeof(struct row *), compare_entries);
    mark_first(sorted, rows->count);
    free(sorted);
    if (rows->value_count > 0)
        qsort(rows->values, rows->value_count, sizeof *rows->values,
              compare_values);
}

/* ---- facts ---- */

void
row_facts(const struct row *row, struct sdr_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    facts->directory = row->directory;
    facts->strength = row->strength;
    facts->owners = row->owners;
    facts->hold = row->hold;
    facts->foreign_owner = row->foreign_owner;
    facts->bad_routing = row->bad_routing;
    facts->outside = row->outside;
    facts->by_default = row->by_default;
    facts->has_routing = row->has_routing;
    facts->in_split = row->in_split;
    facts->forward = row->forward;
    facts->contact = row->contact;
    facts->routing_site = row->routing_site;
    if (sdr_facts_has_address(facts))
        snprintf(facts->routing.folded, sizeof facts->routing.folded,
                 "%016" PRIx64, row->routing);
}
