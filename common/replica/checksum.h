/* checksum.h - what proves that a value of the replica is the one that was
 * written SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB has no checksums. So in front of each value stands a seal: a checksum of
 * the file's own number, the table, the key and the value, and how long that
 * is. A page that was written over, or that is another file's, or under
 * another key is no answer then. What is not there has no seal: so in the table
 * of addresses each value also names the key behind its own, and who is unknown
 * is proven by the neighbours between which he would be.
 *
 * The checksum finds accidents; it is no signature. Pure functions, which read
 * no more than the seal of what is not sealed.
 */
#ifndef SDR_CHECKSUM_H
#define SDR_CHECKSUM_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lmdb.h>

#define SDR_CHECKSUM_SIZE 16

/* Tables in which a key may be the same. */
#define SDR_CHECKSUM_ADDRESS 'a'
#define SDR_CHECKSUM_ENTRY   'e'
#define SDR_CHECKSUM_HELD    'h'
#define SDR_CHECKSUM_META    'm'

/* What values are sealed for. */
struct sdr_checksum {
    uint64_t file; /* the number of the file */
    char table;
};

/* Write the seal of the value whose octets stand behind it, LEN with the seal.
 * NEXT names the key behind this one; 0: it is the last, or it does not matter.
 */
void
sdr_checksum_write(const struct sdr_checksum *checksum, const MDB_val *key,
                   uint32_t next, unsigned char *sealed, size_t len);

/* Take the seal off the value; NEXT may be NULL. False if it is not what was
 * written under this key. */
bool
sdr_checksum_open(const struct sdr_checksum *checksum, const MDB_val *key,
                  MDB_val *value, uint32_t *next);

/* The name of a key for the one before it; never 0. */
uint32_t
sdr_checksum_name(const struct sdr_checksum *checksum, const MDB_val *key);

/* LMDB's order of keys: below 0, 0 or above. Mostly the first octets decide. */
static inline int
sdr_checksum_order(const MDB_val *a, const MDB_val *b)
{
    size_t len = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    uint64_t x, y;
    int order;

    if (len >= sizeof x) {
        memcpy(&x, a->mv_data, sizeof x);
        memcpy(&y, b->mv_data, sizeof y);
        if (x != y)
            return be64toh(x) < be64toh(y) ? -1 : 1;
    }
    order = memcmp(a->mv_data, b->mv_data, len);
    return order != 0 ? order
                      : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

#endif
