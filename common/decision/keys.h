/* keys.h - the addresses by which a directory may have a recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Plain values; pure functions; any thread.
 */
#ifndef SDR_KEYS_H
#define SDR_KEYS_H

#include "decision/address.h"

/* At most so many keys without an extension are made of one local part. If it
 * has more delimiters, these are its longest remainders and the shortest one.
 */
#define SDR_KEYS_STRIPPED 8

/* Strongest first: the full address; without its extension, at each delimiter,
 * the longest remainder first; the address behind a BATV tag, and that one
 * without its extension likewise; last the catch-all (empty local part). */
#define SDR_KEYS_MAX (2 * (1 + SDR_KEYS_STRIPPED) + 1)
struct sdr_keys {
    unsigned count;
    struct sdr_address key[SDR_KEYS_MAX];
    /* The extension that the key leaves out: these octets of the bare local
     * part of key[0]; none if FROM equals TO. For the catch-all: the extension
     * that begins at the first delimiter. */
    struct sdr_octets {
        unsigned short from, to;
    } extension[SDR_KEYS_MAX];
};

/* Make the keys of the local part of ADDRESS in DOMAIN, which must come from
 * sdr_address_domain(). Both are copied. Each octet of DELIMITERS begins an
 * extension; "" for none. */
void
sdr_keys_make(struct sdr_keys *keys, const struct sdr_address *address,
              const char *domain, const char *delimiters);

/* Write the local part of key[0] without the extension that the key with this
 * index leaves out. A BATV tag stays. Without an extension the local part is
 * copied octet for octet. */
void
sdr_keys_strip(const struct sdr_keys *keys, unsigned key,
               char local[SDR_LOCAL_MAX + 1]);

#endif
