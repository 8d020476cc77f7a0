/* ldif_index.c - see ldif_index.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldif/ldif_index.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ldap/dn.h"
#include "ldif/ldif_entries.h"

/* An address and its entry. Two addresses may have the same hash, so the caller
 * must check the values of the entries that are found. */
struct ldif_place {
    uint64_t hash;
    size_t span;
};

struct ldif_index {
    struct ldif_entries entries;
    struct ldif_span *spans; /* in file order */
    size_t span_count, span_room;
    struct ldif_place *places; /* sorted by hash, then by entry */
    size_t place_count, place_room;
};

/* FNV-1a. */
static uint64_t
hash_key(const struct sdr_record_key *key)
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (size_t i = 0; i < key->len; i++)
        hash = (hash ^ key->octets[i]) * 0x100000001b3U;
    return hash;
}

/* ---- creation ---- */

static enum sdr_status
take_entry(void *arg, struct entry *entry, struct sdr_error *error)
{
    struct ldif_index *index = arg;
    struct ldif_span span = {.begin = index->entries.begin,
                             .end = index->entries.end,
                             .line = index->entries.line};
    struct ldif_place place = {.span = index->span_count};
    bool ok;

    memcpy(span.id, entry->id, sizeof span.id);
    ok = sdr_array_append(&index->spans, &index->span_count, &index->span_room,
                          &span, sizeof span);
    for (size_t i = 0; ok && i < entry->key_count; i++) {
        place.hash = hash_key(&entry->keys[i].key);
        ok = sdr_array_append(&index->places, &index->place_count,
                              &index->place_room, &place, sizeof place);
    }
    if (ok)
        return SDR_OK;
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

static int
compare_places(const void *a, const void *b)
{
    const struct ldif_place *x = a, *y = b;

    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->span > y->span) - (x->span < y->span);
}

enum sdr_status
ldif_index_new(struct ldif_index **index, const struct sdr_config *config,
               unsigned directory, const char *text, size_t len,
               struct sdr_error *error)
{
    struct ldif_index *new = calloc(1, sizeof *new);
    enum sdr_status status;

    *index = NULL;
    sdr_error_set(error, "no memory");
    if (new == NULL)
        return SDR_TEMPFAIL;
    new->entries = (struct ldif_entries){.config = config,
                                         .directory = directory,
                                         .text = text,
                                         .len = len,
                                         .take = take_entry,
                                         .arg = new};
    status = ldif_entries_check(&new->entries, error);
    if (status == SDR_OK)
        status = ldif_entries_take(&new->entries, error);
    if (status != SDR_OK) {
        ldif_index_free(&new);
        return status;
    }
    if (new->place_count > 0)
        qsort(new->places, new->place_count, sizeof *new->places,
              compare_places);
    *index = new;
    return SDR_OK;
}

void
ldif_index_free(struct ldif_index **index)
{
    struct ldif_index *old = *index;

    *index = NULL;
    if (old == NULL)
        return;
    ldif_entries_clear(&old->entries);
    free(old->spans);
    free(old->places);
    free(old);
}

/* ---- searches ---- */

const struct sdr_groups *
ldif_index_groups(const struct ldif_index *index)
{
    return &index->entries.groups;
}

static void
hand_on(const struct sdr_search *search, const struct ldif_reader *content,
        enum ldif_reader_item item)
{
    switch (item) {
    case CONTENT_DN:
        search->entry(search->arg, content->value);
        break;
    case CONTENT_VALUE:
        if (!ldif_entries_deleted(content->attribute))
            search->value(search->arg, content->attribute, content->value,
                          content->value_len);
        break;
    case CONTENT_END:
        search->end(search->arg);
        break;
    case CONTENT_DONE:
        break;
    }
}

static enum sdr_status
hand_on_entry(const struct ldif_span *span, const struct sdr_search *search,
              struct sdr_error *error)
{
    enum ldif_reader_item item = CONTENT_END;
    enum sdr_status status = SDR_OK;
    struct ldif_reader content;

    ldif_reader_begin(&content, span->begin, (size_t)(span->end - span->begin));
    while (status == SDR_OK && item != CONTENT_DONE) {
        status = ldif_reader_next(&content, &item, error);
        if (status == SDR_OK)
            hand_on(search, &content, item);
    }
    ldif_reader_clear(&content);
    if (status != SDR_OK) /* it was valid when it was checked */
        sdr_error_set(error, "no memory");
    return status != SDR_OK ? SDR_TEMPFAIL : SDR_OK;
}

/* Returns the index of the first place with this hash or a greater one. */
static size_t
find_place(const struct ldif_index *index, uint64_t hash)
{
    size_t from = 0, to = index->place_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (index->places[middle].hash < hash)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The indexes of the entries found. */
struct found {
    size_t *items;
    size_t count, room;
};

/* Add the entries with the hash of this address. */
static bool
add_found(const struct ldif_index *index, const struct sdr_address *address,
          struct found *found)
{
    struct sdr_record_key key;
    uint64_t hash;
    bool ok = true;

    sdr_record_key(&key, index->entries.directory, address);
    hash = hash_key(&key);
    for (size_t i = find_place(index, hash);
         ok && i < index->place_count && index->places[i].hash == hash; i++)
        ok = sdr_array_append(&found->items, &found->count, &found->room,
                              &index->places[i].span, sizeof *found->items);
    return ok;
}

static int
compare_found(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static enum sdr_status
search_keys(const struct ldif_index *index, const struct sdr_keys *keys,
            const struct sdr_search *search, struct sdr_error *error)
{
    struct found found = {NULL, 0, 0};
    enum sdr_status status = SDR_OK;

    for (unsigned i = 0; i < keys->count && status == SDR_OK; i++) {
        if (add_found(index, &keys->key[i], &found))
            continue;
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, compare_found);
    for (size_t i = 0; i < found.count && status == SDR_OK; i++) {
        if (i == 0 || found.items[i] != found.items[i - 1])
            status =
                hand_on_entry(&index->spans[found.items[i]], search, error);
    }
    free(found.items);
    return status;
}

enum sdr_status
ldif_index_search(const struct ldif_index *index, const struct sdr_keys *keys,
                  const struct sdr_search *search, struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    if (keys != NULL)
        return search_keys(index, keys, search, error);
    for (size_t i = 0; i < index->span_count && status == SDR_OK; i++)
        status = hand_on_entry(&index->spans[i], search, error);
    return status;
}

const struct ldif_span *
ldif_index_find(const struct ldif_index *index, const char *dn)
{
    char *normal = dn_normal(dn);
    unsigned char id[SDR_RECORD_ID_SIZE];
    const struct ldif_span *found = NULL;

    if (normal != NULL && dn_id(normal, id)) {
        for (size_t i = 0; found == NULL && i < index->span_count; i++) {
            if (memcmp(index->spans[i].id, id, sizeof id) == 0)
                found = &index->spans[i];
        }
    }
    free(normal);
    return found;
}
