/* entry.c - see entry.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/entry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "config/config.h"

static bool
is_split(const struct sdr_config *config, const char *domain)
{
    const struct sdr_name *name = sdr_config_name(config, domain);

    return name != NULL && name->kind == SDR_NAME_SPLIT;
}

/* Keep the address if it is in a split domain; others are never looked up. */
static void
on_address(void *arg, const struct sdr_address *address, unsigned strength,
           bool certain)
{
    struct entry *entry = arg;
    struct entry_key key = {0};

    if (!is_split(entry->reader.config, address->domain))
        return;
    sdr_record_key(&key.key, entry->reader.facts.directory, address);
    key.strength =
        (unsigned char)(strength | (certain ? 0U : ENTRY_UNREADABLE));
    entry->no_memory |= !sdr_array_append(&entry->keys, &entry->key_count,
                                          &entry->key_room, &key, sizeof key);
}

void
entry_begin(struct entry *entry, const struct sdr_config *config,
            unsigned directory, const unsigned char id[SDR_RECORD_ID_SIZE],
            const char *dn)
{
    memset(entry, 0, sizeof *entry);
    memcpy(entry->id, id, sizeof entry->id);
    entry->dn = strdup(dn);
    entry->no_memory = entry->dn == NULL;
    sdr_reader_begin_all(&entry->reader, config, directory, dn, on_address,
                         entry);
}

void
entry_value(struct entry *entry, const char *attribute, const char *value,
            size_t len)
{
    sdr_reader_value(&entry->reader, attribute, value, len);
}

int
entry_key_compare(const struct entry_key *a, const struct entry_key *b)
{
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.octets, b->key.octets, len);

    return order != 0 ? order
                      : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static int
compare_keys(const void *a, const void *b)
{
    const struct entry_key *x = a, *y = b;
    int order = entry_key_compare(x, y);

    return order != 0
               ? order
               : (x->strength > y->strength) - (x->strength < y->strength);
}

/* Sort the keys and keep one of each: that of the strongest attribute where it
 * is readable. The order in which a server returns values has no meaning. */
static void
settle_keys(struct entry *entry)
{
    struct entry_key *keys = entry->keys;
    unsigned kept = 0;

    if (entry->key_count == 0)
        return;
    qsort(keys, entry->key_count, sizeof *keys, compare_keys);
    for (unsigned i = 1; i < entry->key_count; i++) {
        if (entry_key_compare(&keys[kept], &keys[i]) != 0)
            keys[++kept] = keys[i];
    }
    entry->key_count = kept + 1;
}

/* Layout: DN, NUL, record, then for each key its strength, length (2) and
 * octets. */
bool
entry_encode(const struct entry_parts *parts, unsigned char **octets,
             size_t *len)
{
    size_t dn_len = strlen(parts->dn) + 1;
    unsigned char *at;

    *len = dn_len + parts->record_len;
    for (unsigned i = 0; i < parts->key_count; i++)
        *len += 3 + parts->keys[i].key.len;
    at = *octets = malloc(*len);
    if (at == NULL)
        return false;
    memcpy(at, parts->dn, dn_len);
    memcpy(at + dn_len, parts->record, parts->record_len);
    at += dn_len + parts->record_len;
    for (unsigned i = 0; i < parts->key_count; i++) {
        const struct entry_key *key = &parts->keys[i];
        uint16_t key_len = (uint16_t)key->key.len;

        *at++ = key->strength;
        memcpy(at, &key_len, sizeof key_len);
        memcpy(at + sizeof key_len, key->key.octets, key_len);
        at += sizeof key_len + key_len;
    }
    return true;
}

bool
entry_end(struct entry *entry)
{
    unsigned char record[SDR_RECORD_MAX];
    struct entry_parts parts = {.dn = entry->dn, .record = record};

    if (entry->no_memory)
        return false;
    settle_keys(entry);
    parts.record_len =
        sdr_record_write(record, entry->id, sdr_reader_end_all(&entry->reader));
    parts.keys = entry->keys;
    parts.key_count = entry->key_count;
    return entry_encode(&parts, &entry->octets, &entry->len);
}

void
entry_clear(struct entry *entry)
{
    free(entry->dn);
    free(entry->keys);
    free(entry->octets);
    memset(entry, 0, sizeof *entry);
}

bool
entry_read(struct entry_view *view, const void *octets, size_t len)
{
    const unsigned char *end = (const unsigned char *)octets + len;
    const unsigned char *nul = memchr(octets, '\0', len);
    unsigned char id[SDR_RECORD_ID_SIZE];
    struct sdr_facts facts;
    const unsigned char *at;
    size_t left;

    if (nul == NULL)
        return false;
    at = nul + 1;
    left = (size_t)(end - at);
    view->dn = octets;
    view->record = at;
    if (!sdr_record_read(&at, &left, id, &facts))
        return false;
    view->record_len = (size_t)(at - view->record);
    view->keys = at;
    view->keys_len = left;
    return true;
}

bool
entry_next_key(struct entry_view *view, struct entry_key *key)
{
    uint16_t len;

    if (view->keys_len < 1 + sizeof len)
        return false;
    memcpy(&len, view->keys + 1, sizeof len);
    if (len > SDR_RECORD_KEY_MAX || view->keys_len < 1 + sizeof len + len)
        return false;
    key->strength = view->keys[0];
    key->key.len = len;
    memcpy(key->key.octets, view->keys + 1 + sizeof len, len);
    view->keys += 1 + sizeof len + len;
    view->keys_len -= 1 + sizeof len + len;
    return true;
}

bool
entry_facts(const struct entry_view *view, struct sdr_facts *facts)
{
    unsigned char id[SDR_RECORD_ID_SIZE];
    const unsigned char *at = view->record;
    size_t left = view->record_len;

    memset(facts, 0, sizeof *facts);
    return sdr_record_read(&at, &left, id, facts);
}

void
entry_key_facts(const struct entry_key *key, struct sdr_facts *facts)
{
    facts->strength = key->strength & ~(unsigned)ENTRY_UNREADABLE;
    facts->unreadable = (key->strength & ENTRY_UNREADABLE) != 0;
}
