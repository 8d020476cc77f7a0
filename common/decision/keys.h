/* keys.h - the addresses to look up for one recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Plain values; pure functions; any thread.
 */
#ifndef SDR_KEYS_H
#define SDR_KEYS_H

#include "decision/address.h"

/* The most keys without an extension that are made of one local part. If it has
 * more delimiters, these are the longest remainders and the shortest one. */
#define SDR_KEYS_STRIPPED 8

/* Strongest first: the full address; the address without its extension, at each
 * delimiter, longest remainder first; the address inside a BATV tag, and again
 * without its extension; the catch-all (empty local part) last. */
#define SDR_KEYS_MAX (2 * (1 + SDR_KEYS_STRIPPED) + 1)
struct sdr_keys {
    unsigned count;
    struct sdr_address key[SDR_KEYS_MAX];
    /* The extension that the key omits, as octets of the bare local part of
     * key[0]; empty if FROM equals TO. For the catch-all: that of the key
     * before it. */
    struct sdr_octets {
        unsigned short from, to;
    } extension[SDR_KEYS_MAX];
};

/* Make the keys of the local part of ADDRESS in DOMAIN, which must come from
 * sdr_address_domain(). Both are copied. Each octet of DELIMITERS begins an
 * extension; "" for no extensions. */
void
sdr_keys_make(struct sdr_keys *keys, const struct sdr_address *address,
              const char *domain, const char *delimiters);

/* Write the local part of key[0] without the extension that the key with index
 * KEY omits. A BATV tag stays. If there is no extension, the local part is
 * copied octet for octet. */
void
sdr_keys_strip(const struct sdr_keys *keys, unsigned key,
               char local[SDR_LOCAL_MAX + 1]);

#endif
