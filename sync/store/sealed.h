/* sealed.h - access to the replica's tables with checksums
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Like mdb_get(), mdb_put() and mdb_del(), with seals, see checksum.h. A value
 * that is not what was written is MDB_CORRUPTED. In the table of addresses each
 * key names the next of its directory; the first key is the directory alone.
 * One transaction; functions that return an int return LMDB results, or ENOMEM.
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
    uint64_t number;         /* of the file, for its seals */
    unsigned char directory; /* of the entries */
};

/* Look up a key. VALUE is LMDB's memory, valid until the next write. */
int
sealed_get(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           MDB_val *value);

/* Write a value to any table except the addresses. */
int
sealed_put(const struct tables *tables, MDB_dbi dbi, MDB_val *key,
           const void *octets, size_t len);

/* Write an address; KEY must not be LMDB's memory. */
int
sealed_put_address(const struct tables *tables, MDB_val *key,
                   const void *octets, size_t len);

int
sealed_del_address(const struct tables *tables, MDB_val *key);

#endif
