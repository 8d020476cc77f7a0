/* sealed.h - values of the replica's file, sealed and unsealed
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The same as mdb_get(), mdb_put() and mdb_del(), with seals, see checksum.h.
 * What is not what was written is MDB_CORRUPTED. In the table of addresses each
 * key names the next of its directory; before the first stands the directory
 * alone. One transaction; functions that return an int return what LMDB does,
 * or ENOMEM.
 */
#ifndef SYNC_SEALED_H
#define SYNC_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

#include "replica/record.h"

struct tables {
    MDB_txn *txn;
    MDB_dbi addresses, entries, held, meta;
    uint64_t number;         /* of the file: for its seals */
    unsigned char directory; /* whose entries they are */
};

/* Look up a key. VALUE is LMDB's memory, valid until the next write. */
int
sealed_get(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           MDB_val *value);

/* Write a value to any table except the addresses. */
int
sealed_put(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           const void *octets, size_t len);

/* For addresses; KEY is not LMDB's. */
int
sealed_put_address(const struct tables *tables, MDB_val *key,
                   const void *octets, size_t len);

int
sealed_del_address(const struct tables *tables, MDB_val *key);

#endif
