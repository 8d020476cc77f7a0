/* record.h - what the replica holds of a recipient, as octets
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The writer, sdr-sync, and the readers share these and nothing else. Octets
 * are in the machine's own order: the file does not leave it. Pure functions;
 * whatever the octets are, reading them stays within their bounds.
 *
 *   address  directory, folded local part, domain -> records, one for each
 *            entry with that address
 *   entry    directory, entry id -> the entry's name and the keys it is found
 * by meta     "format", "config"; directory -> struct sdr_record_state
 */
#ifndef SDR_RECORD_H
#define SDR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"

/* Changed whenever a reader of the one before would read it wrongly. Its octets
 * also tell a machine with another order. */
#define SDR_RECORD_FORMAT 0x53445201U

#define SDR_RECORD_ADDRESSES "address"
#define SDR_RECORD_ENTRIES   "entry"
#define SDR_RECORD_META      "meta"

/* LMDB takes no longer keys. */
#define SDR_RECORD_KEY_MAX 511

/* entryUUID, objectGUID, or a digest of the name. */
#define SDR_RECORD_ID_SIZE 16

/* What is known of the copy of one directory. */
struct sdr_record_state {
    int64_t contact; /* time of the last proof that the copy is up to date, in
                        seconds since 1970 */
    uint64_t entries;
    uint64_t held;        /* entries whose removal is held back */
    uint32_t complete;    /* 0: it has never been read to the end */
    uint32_t from_a_file; /* 1: it cannot be more up to date */
};

struct sdr_record_key {
    size_t len;
    unsigned char octets[SDR_RECORD_KEY_MAX];
};

/* The key of an address in a directory. Addresses that are the same have the
 * same; those that are not, another one. */
void
sdr_record_key(struct sdr_record_key *key, unsigned directory,
               const struct sdr_address *address);

/* The longest record. */
#define SDR_RECORD_MAX (64 + SDR_LOCAL_MAX + SDR_DOMAIN_MAX)

/* Write the record of settled FACTS of the entry ID; returns its length. */
size_t
sdr_record_write(unsigned char out[SDR_RECORD_MAX],
                 const unsigned char id[SDR_RECORD_ID_SIZE],
                 const struct sdr_facts *facts);

/* Read the record at *at, *left octets before the end, and go on behind it:
 * into FACTS, but for directory, key and dn, and the ID. Returns false at the
 * end, or if what is there is no record. */
bool
sdr_record_read(const unsigned char **at, size_t *left,
                unsigned char id[SDR_RECORD_ID_SIZE], struct sdr_facts *facts);

#endif
