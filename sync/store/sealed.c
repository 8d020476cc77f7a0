/* sealed.c - see sealed.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/sealed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "replica/checksum.h"

/* Returns the checksum's parameters for a table. */
static struct sdr_checksum
seal_of(const struct tables *tables, MDB_dbi dbi)
{
    char table = dbi == tables->addresses ? SDR_CHECKSUM_ADDRESS
                 : dbi == tables->entries ? SDR_CHECKSUM_ENTRY
                 : dbi == tables->held    ? SDR_CHECKSUM_HELD
                                          : SDR_CHECKSUM_META;

    return (struct sdr_checksum){tables->number, table};
}

int
sealed_get(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           MDB_val *value)
{
    const struct sdr_checksum checksum = seal_of(tables, dbi);
    int rc = mdb_get(tables->txn, dbi, key, value);

    return rc != 0 || sdr_checksum_open(&checksum, key, value, NULL)
               ? rc
               : MDB_CORRUPTED;
}

/* Make the value with its seal, in memory that the caller frees. */
static int
seal(const struct tables *tables, MDB_dbi dbi, const MDB_val *key,
     uint32_t next, const void *octets, size_t len, MDB_val *value)
{
    const struct sdr_checksum checksum = seal_of(tables, dbi);

    value->mv_size = SDR_CHECKSUM_SIZE + len;
    value->mv_data = malloc(value->mv_size);
    if (value->mv_data == NULL)
        return ENOMEM;
    if (len > 0)
        memcpy((char *)value->mv_data + SDR_CHECKSUM_SIZE, octets, len);
    sdr_checksum_write(&checksum, key, next, value->mv_data, value->mv_size);
    return 0;
}

int
sealed_put(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           const void *octets, size_t len)
{
    MDB_val value;
    int rc = seal(tables, dbi, key, 0, octets, len, &value);

    if (rc != 0)
        return rc;
    rc = mdb_put(tables->txn, dbi, key, &value, 0);
    free(value.mv_data);
    return rc;
}

/* ---- addresses ---- */

static bool
is_ours(const struct tables *tables, const MDB_val *key)
{
    return key->mv_size > 0
           && *(const unsigned char *)key->mv_data == tables->directory;
}

static bool
is_same(const MDB_val *a, const MDB_val *b)
{
    return a->mv_size == b->mv_size
           && memcmp(a->mv_data, b->mv_data, a->mv_size) == 0;
}

/* Write to the table of addresses. FLAGS of mdb_cursor_put(). */
static int
put_at(const struct tables *tables, const struct sealed_place *place,
       MDB_val *key, uint32_t next, const void *octets, size_t len,
       unsigned flags)
{
    MDB_val value;
    int rc = seal(tables, tables->addresses, key, next, octets, len, &value);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_put(place->cursor, key, &value, flags);
    free(value.mv_data);
    return rc;
}

int
sealed_find_address(const struct tables *tables, const MDB_val *key,
                    struct sealed_place *place, MDB_val *value)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    MDB_val found = *key;
    int rc;

    *place = (struct sealed_place){.to_before = MDB_PREV};
    rc = mdb_cursor_open(tables->txn, tables->addresses, &place->cursor);
    if (rc == 0)
        rc = mdb_cursor_get(place->cursor, &found, value, MDB_SET_RANGE);
    if (rc == 0 && is_same(&found, key))
        return sdr_checksum_open(&checksum, &found, value, &place->next)
                   ? 0
                   : MDB_CORRUPTED;
    if (rc == MDB_NOTFOUND)
        place->to_before = MDB_LAST;
    else if (rc == 0 && is_ours(tables, &found))
        place->next = sdr_checksum_name(&checksum, &found);
    return rc == 0 ? MDB_NOTFOUND : rc;
}

void
sealed_leave(struct sealed_place *place)
{
    if (place->cursor != NULL)
        mdb_cursor_close(place->cursor);
    place->cursor = NULL;
}

/* Make the key before the place name NEXT. It must name WAS. The directory
 * alone is the key before all others. */
static int
rename_next(const struct tables *tables, const struct sealed_place *place,
            uint32_t was, uint32_t next)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    unsigned char octets[SDR_RECORD_KEY_MAX] = {tables->directory};
    MDB_val before, value, key = {1, octets};
    uint32_t named = 0;
    int rc = mdb_cursor_get(place->cursor, &before, &value, place->to_before);

    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == MDB_NOTFOUND || !is_ours(tables, &before))
        return was == 0 ? put_at(tables, place, &key, next, NULL, 0, 0)
                        : MDB_CORRUPTED;
    if (before.mv_size > sizeof octets
        || !sdr_checksum_open(&checksum, &before, &value, &named)
        || named != was)
        return MDB_CORRUPTED;
    key.mv_size = before.mv_size;
    memcpy(octets, before.mv_data, key.mv_size);
    return put_at(tables, place, &key, next, value.mv_data, value.mv_size,
                  MDB_CURRENT);
}

int
sealed_add_address(const struct tables *tables,
                   const struct sealed_place *place, MDB_val *key,
                   const void *octets, size_t len)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    int rc = rename_next(tables, place, place->next,
                         sdr_checksum_name(&checksum, key));

    return rc != 0 ? rc
                   : put_at(tables, place, key, place->next, octets, len, 0);
}

int
sealed_change_address(const struct tables *tables,
                      const struct sealed_place *place, MDB_val *key,
                      const void *octets, size_t len)
{
    return put_at(tables, place, key, place->next, octets, len, 0);
}

int
sealed_del_address(const struct tables *tables,
                   const struct sealed_place *place, MDB_val *key)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    int rc = rename_next(tables, place, sdr_checksum_name(&checksum, key),
                         place->next);

    return rc != 0 ? rc : mdb_del(tables->txn, tables->addresses, key, NULL);
}
