/* checksum.h - checksums of the replica's values
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB has no checksums. So each value begins with a seal: a checksum of the
 * file's number, the table, the key and the value, and the value's length. A
 * value of an overwritten page, of another file, or of another key is then
 * detected. A missing key has no seal. So in the table of addresses each value
 * also names the next key, and an unknown address is proven by the two keys
 * that would be its neighbours.
 *
 * The checksum detects accidents; it is not a signature. Pure functions. Of a
 * value without a valid seal, only the seal is read.
 */
#ifndef SDR_CHECKSUM_H
#define SDR_CHECKSUM_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lmdb.h>

#define SDR_CHECKSUM_SIZE 16

/* The tables; the same key may be in several of them. */
#define SDR_CHECKSUM_ADDRESS 'a'
#define SDR_CHECKSUM_ENTRY   'e'
#define SDR_CHECKSUM_HELD    'h'
#define SDR_CHECKSUM_META    'm'

/* The file and the table of a value. */
struct sdr_checksum {
    uint64_t file; /* the number of the file */
    char table;
};

/* Write the seal in front of the value; LEN includes the seal. NEXT is the name
 * of the next key; 0 if there is none, or if the table has no names. */
void
sdr_checksum_write(const struct sdr_checksum *checksum, const MDB_val *key,
                   uint32_t next, unsigned char *sealed, size_t len);

/* Verify the seal and remove it from the value; NEXT may be NULL. Returns false
 * if the value is not what was written under this key. */
bool
sdr_checksum_open(const struct sdr_checksum *checksum, const MDB_val *key,
                  MDB_val *value, uint32_t *next);

/* Returns the name by which the key before refers to this one; never 0. */
uint32_t
sdr_checksum_name(const struct sdr_checksum *checksum, const MDB_val *key);

/* Compare two keys in LMDB's order. Returns less than, equal to or more than 0.
 * Usually the first octets decide. */
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
