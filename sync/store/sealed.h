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

/* Where an address is, or belongs, in its table. */
struct sealed_place {
    MDB_cursor *cursor;
    uint32_t next;           /* the name of the address behind it; 0: none */
    MDB_cursor_op to_before; /* leads the cursor to the address before it */
};

/* Find an address, and fill PLACE for one of the next three functions. Returns
 * 0 with the VALUE, as sealed_get() does, or MDB_NOTFOUND. The place is valid
 * until the next write. Always call sealed_leave() afterwards. */
int
sealed_find_address(const struct tables *tables, const MDB_val *key,
                    struct sealed_place *place, MDB_val *value);

void
sealed_leave(struct sealed_place *place);

/* Write an address that is not there. KEY and OCTETS must not be LMDB's memory,
 * in all three. */
int
sealed_add_address(const struct tables *tables,
                   const struct sealed_place *place, MDB_val *key,
                   const void *octets, size_t len);

/* Change an address that is there. */
int
sealed_change_address(const struct tables *tables,
                      const struct sealed_place *place, MDB_val *key,
                      const void *octets, size_t len);

/* Remove an address that is there. */
int
sealed_del_address(const struct tables *tables,
                   const struct sealed_place *place, MDB_val *key);

#endif
