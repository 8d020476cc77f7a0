/* hash.h - a checksum of 64 bits
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_HASH_H
#define SDR_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* MurmurHash64A (Austin Appleby, public domain): 64 bits from eight octets at a
 * time, a few nanoseconds for a record; a cryptographic digest would take
 * longer than the look-up. In the machine's own order. It finds accidents; it
 * is no signature. */
static inline uint64_t
sdr_hash(const void *octets, size_t len, uint64_t seed)
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

#endif
