/* record.h - what the replica holds of a recipient, as octets
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The writer, sdr-sync, and the readers share these and nothing else. Octets
 * are in the machine's own order: the file does not leave it. Pure functions;
 * whatever the octets are, reading them stays within their bounds.
 *
 *   address  directory, folded local part, domain -> records, one for each
 *            entry with that address; directory alone -> nothing: the first
 *   entry    directory, entry id -> the entry's name, NUL, and what only the
 *            writer reads
 *   meta     "format" -> struct sdr_record_format; directory -> struct
 *            sdr_record_state; directory, "s" -> struct sdr_record_status
 *
 * A directory is one octet, its index in the configuration. All values but the
 * format are sealed: see checksum.h.
 */
#ifndef SDR_RECORD_H
#define SDR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision/facts.h"

/* Changed whenever a reader of the one before would read it wrongly. Its octets
 * also identify a machine with another byte order. */
#define SDR_RECORD_FORMAT 0x53445203U

struct sdr_record_format {
    uint32_t format;
    uint32_t unused;
    uint64_t file; /* drawn by lot when the file is made: for its seals */
};

#define SDR_RECORD_ADDRESSES "address"
#define SDR_RECORD_ENTRIES   "entry"
#define SDR_RECORD_META      "meta"

/* LMDB takes no longer keys. */
#define SDR_RECORD_KEY_MAX 511

/* entryUUID, objectGUID, or a digest of the name. */
#define SDR_RECORD_ID_SIZE 16

/* A digest of the configuration that the facts come from. */
#define SDR_RECORD_FINGERPRINT 16

/* What the copy of one directory is worth. */
struct sdr_record_state {
    unsigned char fingerprint[SDR_RECORD_FINGERPRINT];
    int64_t contact; /* time of the last proof that the copy is up to date, in
                        seconds since 1970 */
    uint64_t entries;
    uint64_t held;     /* entries of which a change is put aside ... */
    uint64_t holding;  /* ... as too many, see below; 0: a read is under way */
    uint32_t complete; /* 0: it has never been read to the end */
    uint32_t from_a_file; /* 1: it cannot be more up to date */
};

/* Too many entries have lost something, or have other owners. */
enum { SDR_RECORD_HOLDS_LOSSES = 1, SDR_RECORD_HOLDS_MOVES = 2 };

/* What else an administrator wants to know. Texts end with NUL and are cut if
 * they are longer; times are seconds since 1970, 0 is never. */
struct sdr_record_status {
    int64_t refreshed;   /* the directory was read from end to end */
    int64_t changed;     /* the last change of what is known */
    uint64_t generation; /* of commits that changed something */
    int64_t failed;      /* when ERROR happened; 0: it is over */
    uint64_t moves;      /* entries that got another known owner, ever */
    uint64_t mass_move;  /* so many of them in the last mass move ... */
    int64_t mass_moved;  /* ... which was noticed then; 0: never */
    char method[16];     /* "syncrepl", "ldif" */
    char server[256];    /* the URI it is read from */
    char error[256];
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
