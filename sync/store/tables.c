/* tables.c - see tables.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/tables.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/loss.h"

struct tables_id
tables_id(const struct tables *tables,
          const unsigned char id[SDR_RECORD_ID_SIZE])
{
    struct tables_id key;

    key.octets[0] = tables->directory;
    memcpy(key.octets + 1, id, SDR_RECORD_ID_SIZE);
    return key;
}

static MDB_val
value_of(const void *octets, size_t len)
{
    return (MDB_val){len, (void *)(uintptr_t)octets};
}

int
tables_get(const struct tables *tables, MDB_dbi dbi, const struct tables_id *id,
           MDB_val *octets)
{
    MDB_val key = value_of(id->octets, sizeof id->octets);

    return sealed_get(tables, dbi, &key, octets);
}

/* ---- addresses ---- */

/* The position of the entry's record among those of one address, which are
 * sorted by id. */
struct slot {
    size_t offset, len; /* LEN is 0 if there is none */
};

static int
find_record(const MDB_val *records, const unsigned char *id, struct slot *slot)
{
    const unsigned char *at = records->mv_data;
    size_t left = records->mv_size;

    slot->len = 0;
    for (;;) {
        unsigned char found[SDR_RECORD_ID_SIZE];
        const unsigned char *begin = at;
        struct sdr_facts facts;
        int order;

        slot->offset = records->mv_size - left;
        if (left == 0)
            return 0;
        if (!sdr_record_read(&at, &left, found, &facts))
            return MDB_CORRUPTED;
        order = memcmp(found, id, sizeof found);
        if (order > 0)
            return 0;
        if (order == 0) {
            slot->len = (size_t)(at - begin);
            return 0;
        }
    }
}

/* What the address has now, and where. */
struct address {
    MDB_val key, records; /* no records if it is not there */
    struct sealed_place place;
    struct slot slot; /* of the entry's record */
};

/* Write the records with another one in the slot; without one if LEN is 0. */
static int
replace_record(const struct tables *tables, struct address *address,
               const unsigned char *record, size_t len)
{
    const MDB_val *old = &address->records;
    const struct slot *slot = &address->slot;
    size_t behind = slot->offset + slot->len;
    size_t size = old->mv_size - slot->len + len;
    unsigned char *octets;
    int rc;

    if (size == 0)
        return sealed_del_address(tables, &address->place, &address->key);
    octets = malloc(size);
    if (octets == NULL)
        return ENOMEM;
    if (slot->offset > 0)
        memcpy(octets, old->mv_data, slot->offset);
    if (len > 0)
        memcpy(octets + slot->offset, record, len);
    if (old->mv_size > behind)
        memcpy(octets + slot->offset + len, (const char *)old->mv_data + behind,
               old->mv_size - behind);
    rc = (old->mv_size > 0 ? sealed_change_address : sealed_add_address)(
        tables, &address->place, &address->key, octets, size);
    free(octets);
    return rc;
}

/* Replace the entry's record among those of the address; remove it if LEN is 0.
 */
static int
set_record(const struct tables *tables, const struct sdr_record_key *key,
           const unsigned char *id, const unsigned char *record, size_t len)
{
    struct address address = {.key = value_of(key->octets, key->len)};
    int rc = sealed_find_address(tables, &address.key, &address.place,
                                 &address.records);

    if (rc == MDB_NOTFOUND) {
        address.records.mv_size = 0;
        rc = 0;
    }
    if (rc == 0)
        rc = find_record(&address.records, id, &address.slot);
    if (rc == 0 && (len > 0 || address.slot.len > 0))
        rc = replace_record(tables, &address, record, len);
    sealed_leave(&address.place);
    return rc;
}

/* Write the entry's record under one of its keys. */
static int
index_key(const struct tables *tables, const struct tables_id *id,
          struct sdr_facts *facts, const struct entry_key *key)
{
    unsigned char record[SDR_RECORD_MAX];
    size_t len;

    entry_key_facts(key, facts);
    len = sdr_record_write(record, id->octets + 1, facts);
    return set_record(tables, &key->key, id->octets + 1, record, len);
}

/* Index all keys of the view. */
static int
index_all(const struct tables *tables, const struct tables_id *id,
          struct entry_view view)
{
    struct sdr_facts facts;
    struct entry_key key;
    int rc = entry_facts(&view, &facts) ? 0 : MDB_CORRUPTED;

    while (rc == 0 && entry_next_key(&view, &key))
        rc = index_key(tables, id, &facts, &key);
    return rc;
}

/* Remove the keys of OLD that are not in NEW from the index. */
static int
unindex(const struct tables *tables, const struct tables_id *id,
        struct entry_view old, const struct entry_view *new)
{
    struct entry_view rest = {0};
    struct entry_key key, kept;
    bool has_kept = false;
    int rc = 0;

    if (new != NULL) {
        rest = *new;
        has_kept = entry_next_key(&rest, &kept);
    }
    while (rc == 0 && entry_next_key(&old, &key)) {
        while (has_kept && entry_key_compare(&kept, &key) < 0)
            has_kept = entry_next_key(&rest, &kept);
        if (!has_kept || entry_key_compare(&kept, &key) != 0)
            rc = set_record(tables, &key.key, id->octets + 1, NULL, 0);
    }
    return rc;
}

/* ---- entries ---- */

/* Copy the current entry: LMDB's memory is valid only until the next write. */
static int
copy_entry(const struct tables *tables, const struct tables_id *id,
           unsigned char **octets, struct entry_view *view)
{
    MDB_val value;
    int rc = tables_get(tables, tables->entries, id, &value);

    *octets = NULL;
    if (rc != 0)
        return rc;
    *octets = malloc(value.mv_size + 1);
    if (*octets == NULL)
        return ENOMEM;
    memcpy(*octets, value.mv_data, value.mv_size);
    return entry_read(view, *octets, value.mv_size) ? 0 : MDB_CORRUPTED;
}

int
tables_add(const struct tables *tables, const struct tables_id *id,
           const void *octets, size_t len)
{
    MDB_val key = value_of(id->octets, sizeof id->octets);
    struct entry_view view;
    int rc = entry_read(&view, octets, len) ? index_all(tables, id, view)
                                            : MDB_CORRUPTED;

    return rc != 0 ? rc
                   : sealed_put(tables, tables->entries, &key, octets, len);
}

int
tables_put(const struct tables *tables, const struct tables_id *id,
           const void *octets, size_t len)
{
    struct entry_view old, new;
    unsigned char *copy = NULL;
    int rc;

    if (!entry_read(&new, octets, len))
        return MDB_CORRUPTED;
    rc = copy_entry(tables, id, &copy, &old);
    if (rc == 0)
        rc = unindex(tables, id, old, &new);
    free(copy);
    return rc != 0 && rc != MDB_NOTFOUND ? rc
                                         : tables_add(tables, id, octets, len);
}

int
tables_drop(const struct tables *tables, const struct tables_id *id)
{
    MDB_val key = value_of(id->octets, sizeof id->octets);
    unsigned char *copy = NULL;
    struct entry_view old;
    int rc = copy_entry(tables, id, &copy, &old);

    if (rc == 0)
        rc = unindex(tables, id, old, NULL);
    free(copy);
    if (rc == 0)
        rc = mdb_del(tables->txn, tables->entries, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- other entries with an address ---- */

static bool
has_key(struct entry_view view, const struct sdr_record_key *key)
{
    struct entry_key found;

    while (entry_next_key(&view, &found)) {
        if (found.key.len == key->len
            && memcmp(found.key.octets, key->octets, key->len) == 0)
            return true;
    }
    return false;
}

/* Entries with a loss are indexed by what they have lost as well: of these the
 * truth is read, into FACTS. */
static bool
really_has(const struct tables *tables, const unsigned char *id,
           const struct sdr_record_key *key, struct sdr_facts *facts)
{
    struct tables_id name = tables_id(tables, id);
    struct entry_view view;
    MDB_val octets;
    int rc = tables_get(tables, tables->held, &name, &octets);

    if (rc != 0)
        return rc == MDB_NOTFOUND;
    return entry_read(&view, octets.mv_data, octets.mv_size)
           && has_key(view, key) && entry_facts(&view, facts);
}

bool
tables_claimed(const struct tables *tables, const struct tables_id *id,
               const struct sdr_record_key *key, const struct sdr_facts *before)
{
    MDB_val name = value_of(key->octets, key->len), records;
    unsigned char found[SDR_RECORD_ID_SIZE];
    const unsigned char *at;
    struct sdr_facts facts;

    if (sealed_get(tables, tables->addresses, &name, &records) != 0)
        return false;
    at = records.mv_data;
    while (sdr_record_read(&at, &records.mv_size, found, &facts)) {
        if (memcmp(found, id->octets + 1, sizeof found) != 0
            && really_has(tables, found, key, &facts)
            && !loss_of_owner_by_facts(before, &facts))
            return true;
    }
    return false;
}

/* ---- all of a directory ---- */

int
tables_clear(const struct tables *tables, MDB_dbi dbi)
{
    unsigned char octet = tables->directory;
    MDB_val key = value_of(&octet, 1), value;
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(tables->txn, dbi, &cursor);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && *(unsigned char *)key.mv_data == tables->directory) {
        rc = mdb_cursor_del(cursor, 0);
        if (rc == 0)
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int
tables_next(const struct tables *tables, MDB_dbi dbi, bool *begun,
            struct tables_id *id)
{
    MDB_val key = value_of(&tables->directory, 1), value;
    struct tables_id last;
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(tables->txn, dbi, &cursor);

    if (rc != 0)
        return rc;
    if (*begun) {
        last = *id;
        key = value_of(last.octets, sizeof last.octets);
    }
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0 && *begun && key.mv_size == sizeof last.octets
        && memcmp(key.mv_data, last.octets, sizeof last.octets) == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    if (rc == 0
        && (key.mv_size != sizeof last.octets
            || *(unsigned char *)key.mv_data != tables->directory))
        rc = MDB_NOTFOUND;
    if (rc == 0)
        memcpy(id->octets, key.mv_data, sizeof id->octets);
    *begun = true;
    mdb_cursor_close(cursor);
    return rc;
}
