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

static int
put(const struct tables *tables, MDB_dbi dbi, MDB_val *key, uint32_t next,
    const void *octets, size_t len)
{
    const struct sdr_checksum checksum = seal_of(tables, dbi);
    MDB_val value = {SDR_CHECKSUM_SIZE + len, malloc(SDR_CHECKSUM_SIZE + len)};
    int rc;

    if (value.mv_data == NULL)
        return ENOMEM;
    if (len > 0)
        memcpy((char *)value.mv_data + SDR_CHECKSUM_SIZE, octets, len);
    sdr_checksum_write(&checksum, key, next, value.mv_data, value.mv_size);
    rc = mdb_put(tables->txn, dbi, key, &value, 0);
    free(value.mv_data);
    return rc;
}

int
sealed_put(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           const void *octets, size_t len)
{
    return put(tables, dbi, key, 0, octets, len);
}

/* ---- addresses ---- */

/* The neighbours of a key; in LMDB's memory. */
struct neighbours {
    MDB_val before, value; /* the key before it; size 0: none */
    uint32_t named;        /* named by that key; 0: none */
    uint32_t behind;       /* the name of the key, or of the next one */
};

static bool
is_ours(const struct tables *tables, const MDB_val *key)
{
    return key->mv_size > 0
           && *(const unsigned char *)key->mv_data == tables->directory;
}

static int
look_around(const struct tables *tables, MDB_cursor *cursor, const MDB_val *key,
            struct neighbours *found)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    MDB_val behind = *key, value;
    int rc = mdb_cursor_get(cursor, &behind, &value, MDB_SET_RANGE);

    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0 && is_ours(tables, &behind))
        found->behind = sdr_checksum_name(&checksum, &behind);
    rc = mdb_cursor_get(cursor, &found->before, &found->value,
                        rc == 0 ? MDB_PREV : MDB_LAST);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == MDB_NOTFOUND || !is_ours(tables, &found->before))
        found->before.mv_size = 0;
    else if (!sdr_checksum_open(&checksum, &found->before, &found->value,
                                &found->named))
        return MDB_CORRUPTED;
    return found->named == found->behind ? 0 : MDB_CORRUPTED;
}

static int
find_neighbours(const struct tables *tables, const MDB_val *key,
                struct neighbours *found)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(tables->txn, tables->addresses, &cursor);

    memset(found, 0, sizeof *found);
    if (rc != 0)
        return rc;
    rc = look_around(tables, cursor, key, found);
    mdb_cursor_close(cursor);
    return rc;
}

/* Make the key before name NEXT. */
static int
rename_next(const struct tables *tables, const struct neighbours *found,
            uint32_t next)
{
    unsigned char octets[SDR_RECORD_KEY_MAX];
    MDB_val key = {found->before.mv_size, octets};

    if (key.mv_size == 0 || key.mv_size > sizeof octets)
        return MDB_CORRUPTED;
    memcpy(octets, found->before.mv_data, key.mv_size);
    return put(tables, tables->addresses, &key, next, found->value.mv_data,
               found->value.mv_size);
}

static int
make_first(const struct tables *tables, uint32_t next)
{
    unsigned char octet = tables->directory;
    MDB_val key = {1, &octet};

    return put(tables, tables->addresses, &key, next, NULL, 0);
}

/* Read the old value of the address. */
static int
get_address(const struct tables *tables, MDB_val *key, MDB_val *value,
            uint32_t *next)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    int rc = mdb_get(tables->txn, tables->addresses, key, value);

    return rc != 0 || sdr_checksum_open(&checksum, key, value, next)
               ? rc
               : MDB_CORRUPTED;
}

int
sealed_put_address(const struct tables *tables, MDB_val *key,
                   const void *octets, size_t len)
{
    const struct sdr_checksum checksum = seal_of(tables, tables->addresses);
    struct neighbours found;
    MDB_val old;
    uint32_t next = 0;
    int rc = get_address(tables, key, &old, &next);

    if (rc == MDB_NOTFOUND) {
        uint32_t name = sdr_checksum_name(&checksum, key);

        rc = find_neighbours(tables, key, &found);
        next = found.behind;
        if (rc == 0)
            rc = found.before.mv_size == 0 ? make_first(tables, name)
                                           : rename_next(tables, &found, name);
    }
    return rc != 0 ? rc
                   : put(tables, tables->addresses, key, next, octets, len);
}

int
sealed_del_address(const struct tables *tables, MDB_val *key)
{
    struct neighbours found;
    MDB_val old;
    uint32_t next = 0;
    int rc = get_address(tables, key, &old, &next);

    if (rc == 0)
        rc = find_neighbours(tables, key, &found);
    if (rc == 0)
        rc = rename_next(tables, &found, next);
    return rc != 0 ? rc : mdb_del(tables->txn, tables->addresses, key, NULL);
}
