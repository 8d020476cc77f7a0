/* checksum.c - see checksum.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/checksum.h"

#include <string.h>

#include "hash.h"

struct checksum {
    uint64_t sum; /* of all that follows, and the key */
    uint32_t size;
    uint32_t next;
};

static uint64_t
sum(const struct sdr_checksum *checksum, const MDB_val *key,
    const unsigned char *sealed, size_t len)
{
    uint64_t h = sdr_hash(key->mv_data, key->mv_size,
                          checksum->file ^ (unsigned char)checksum->table);

    return sdr_hash(sealed + sizeof h, len - sizeof h, h);
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
    uint32_t name =
        (uint32_t)sdr_hash(key->mv_data, key->mv_size, checksum->file);

    return name != 0 ? name : 1;
}
