/* checksum.c - see checksum.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/checksum.h"

#include <string.h>

struct checksum {
    uint64_t sum; /* of all that follows, and the key */
    uint32_t size;
    uint32_t next;
};

/* MurmurHash64A (Austin Appleby, public domain): 64 bits from eight octets at a
 * time, a few nanoseconds for a record; a cryptographic digest would take
 * longer than the look-up. In the machine's own order, as all of the file. */
static uint64_t
hash(const void *octets, size_t len, uint64_t seed)
{
    const uint64_t m = 0xc6a4a7935bd1e995;
    const unsigned char *at = octets;
    uint64_t h = seed ^ (len * m), k;

    for (; len >= sizeof k; at += sizeof k, len -= sizeof k) {
        memcpy(&k, at, sizeof k);
        k *= m;
        k ^= k >> 47;
        h ^= k * m;
        h *= m;
    }
    if (len > 0) {
        k = 0;
        memcpy(&k, at, len);
        h = (h ^ k) * m;
    }
    h = (h ^ (h >> 47)) * m;
    return h ^ (h >> 47);
}

static uint64_t
sum(const struct sdr_checksum *checksum, const MDB_val *key,
    const unsigned char *sealed, size_t len)
{
    uint64_t h = hash(key->mv_data, key->mv_size,
                      checksum->file ^ (unsigned char)checksum->table);

    return hash(sealed + sizeof h, len - sizeof h, h);
}

void
sdr_checksum_write(const struct sdr_checksum *checksum, const MDB_val *key,
                   uint32_t next, unsigned char *sealed, size_t len)
{
    struct checksum head = {.size = (uint32_t)len, .next = next};

    memcpy(sealed, &head, sizeof head);
    head.sum = sum(checksum, key, sealed, len);
    memcpy(sealed, &head.sum, sizeof head.sum);
}

/* LMDB's own length may be damaged: it must be the one that stands here before
 * so much is read. */
bool
sdr_checksum_open(const struct sdr_checksum *checksum, const MDB_val *key,
                  MDB_val *value, uint32_t *next)
{
    const unsigned char *sealed = value->mv_data;
    struct checksum head;

    if (value->mv_size < sizeof head)
        return false;
    memcpy(&head, sealed, sizeof head);
    if (head.size != value->mv_size
        || head.sum != sum(checksum, key, sealed, value->mv_size))
        return false;
    if (next != NULL)
        *next = head.next;
    value->mv_data = (void *)(uintptr_t)(sealed + sizeof head);
    value->mv_size -= sizeof head;
    return true;
}

uint32_t
sdr_checksum_name(const struct sdr_checksum *checksum, const MDB_val *key)
{
    uint32_t name = (uint32_t)hash(key->mv_data, key->mv_size, checksum->file);

    return name != 0 ? name : 1;
}
