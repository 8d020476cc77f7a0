/* bad_values.c - see bad_values.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/bad_values.h"

#include <stdio.h>

/* FNV-1a: there is nothing to gain by a collision here. */
static uint64_t
digest(uint64_t hash, const unsigned char *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ octets[i]) * 0x100000001b3U;
    return hash;
}

static const struct entry_key *
find_unreadable(const struct entry *entry)
{
    for (unsigned i = 0; i < entry->key_count; i++) {
        if ((entry->keys[i].strength & ENTRY_UNREADABLE) != 0)
            return &entry->keys[i];
    }
    return NULL;
}

enum bad_values_report
bad_values_add(struct bad_values *bad_values, const struct entry *entry,
               char *text, size_t size)
{
    const struct entry_key *key = find_unreadable(entry);
    uint64_t hash = 0xcbf29ce484222325U;

    if (key == NULL || bad_values->count > BAD_VALUES_MAX)
        return BAD_VALUES_NONE;
    hash = digest(hash, entry->id, sizeof entry->id);
    hash = digest(hash, key->key.octets, key->key.len);
    for (unsigned i = 0; i < bad_values->count; i++) {
        if (bad_values->reported[i] == hash)
            return BAD_VALUES_NONE;
    }
    if (bad_values->count == BAD_VALUES_MAX) {
        bad_values->count++;
        return BAD_VALUES_MORE;
    }
    bad_values->reported[bad_values->count++] = hash;
    snprintf(text, size, "%.*s in %s", (int)key->key.len - 2,
             (const char *)key->key.octets + 2, entry->dn);
    return BAD_VALUES_NEW;
}
