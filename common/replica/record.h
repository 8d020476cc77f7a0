/* record.h - the octets that the replica stores for a recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only interface between the writer, sdr-sync, and the readers. Numbers are
 * in host byte order: the file is not portable. Pure functions. Reading stays
 * within bounds, whatever the octets are.
 *
 * address  directory, folded local part, domain -> records, one for each
 *            entry with that address; directory alone -> nothing: the first
 *   entry    directory, entry id -> the entry's name, NUL, and what only the
 *            writer reads
 *   meta     "format" -> struct sdr_record_format; directory -> struct
 *            sdr_record_state; directory, "s" -> struct sdr_record_status
 *
 * A directory is one octet, its index in the configuration. All values except
 * the format have a checksum: see checksum.h.
 */
#ifndef SDR_RECORD_H
#define SDR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision/facts.h"

/* Changed whenever an older reader would misread the file. Its octets also
 * identify a machine with another byte order. */
#define SDR_RECORD_FORMAT 0x53445203U

struct sdr_record_format {
    uint32_t format;
    uint32_t unused;
    uint64_t file; /* random number of the file, for its checksums */
};

#define SDR_RECORD_ADDRESSES "address"
#define SDR_RECORD_ENTRIES   "entry"
#define SDR_RECORD_META      "meta"

/* LMDB's limit. */
#define SDR_RECORD_KEY_MAX 511

/* entryUUID, objectGUID, or a digest of the DN. */
#define SDR_RECORD_ID_SIZE 16

/* The length of the digest of the configuration, see fingerprint.h. */
#define SDR_RECORD_FINGERPRINT 16

/* The state of the copy of one directory. */
struct sdr_record_state {
    unsigned char fingerprint[SDR_RECORD_FINGERPRINT];
    int64_t contact; /* when the copy was last known to be up to date, in
                        seconds since 1970 */
    uint64_t entries;
    uint64_t held;     /* entries with a change that is withheld ... */
    uint64_t holding;  /* ... as part of too many, see below; 0: a read is under
                          way */
    uint32_t complete; /* 0: never read to the end */
    uint32_t from_a_file; /* 1: always up to date */
};

/* The reasons for withholding: too many entries have lost something, or have
 * changed owners. */
enum { SDR_RECORD_HOLDS_LOSSES = 1, SDR_RECORD_HOLDS_MOVES = 2 };

/* More information for administrators. Strings end with NUL and are truncated;
 * times are seconds since 1970, 0 is never. */
struct sdr_record_status {
    int64_t refreshed;   /* last complete read of the directory */
    int64_t changed;     /* last change of the data */
    uint64_t generation; /* number of commits that changed data */
    int64_t failed;      /* when ERROR occurred; 0: it is over */
    uint64_t moves;      /* entries that changed to another known owner, in
                            total */
    uint64_t mass_move;  /* the number of the last mass move ... */
    int64_t mass_moved;  /* ... and when it was noticed; 0: never */
    char method[16];     /* such as "syncrepl", "ldif" */
    char server[256];    /* the URI of the server */
    char error[256];
};

struct sdr_record_key {
    size_t len;
    unsigned char octets[SDR_RECORD_KEY_MAX];
};

/* Make the key of an address in a directory. Equal addresses have the same key;
 * different addresses have different keys. */
void
sdr_record_key(struct sdr_record_key *key, unsigned directory,
               const struct sdr_address *address);

/* The longest record. */
#define SDR_RECORD_MAX (64 + SDR_LOCAL_MAX + SDR_DOMAIN_MAX)

/* Write the record of the settled FACTS of the entry ID. Returns its length. */
size_t
sdr_record_write(unsigned char out[SDR_RECORD_MAX],
                 const unsigned char id[SDR_RECORD_ID_SIZE],
                 const struct sdr_facts *facts);

/* Read the record at *AT, *LEFT octets before the end, and advance both. Fills
 * FACTS, except directory, key and dn, and ID. Returns false at the end, or if
 * the record is not valid. */
bool
sdr_record_read(const unsigned char **at, size_t *left,
                unsigned char id[SDR_RECORD_ID_SIZE], struct sdr_facts *facts);

#endif
