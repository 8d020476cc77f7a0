/* entry.h - a directory entry as stored in the replica
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The encoded entry holds all that the store needs: the DN, the facts, and the
 * keys by which the entry is found. Equal entries have equal octets.
 */
#ifndef SDR_ENTRY_H
#define SDR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/profile.h"
#include "replica/record.h"

/* An entry that is being read. Initialised by entry_begin(), freed by
 * entry_clear(). */
struct entry {
    struct sdr_reader reader;
    unsigned char id[SDR_RECORD_ID_SIZE];
    char *dn;
    struct entry_key *keys;
    size_t key_count, key_room;
    bool no_memory;
    unsigned char *octets; /* after entry_end() */
    size_t len;
};

/* A key of an entry and the strength of the attribute it came from. */
struct entry_key {
    struct sdr_record_key key;
    unsigned char strength; /* with ENTRY_UNREADABLE or without */
};

/* No readable value has the key, see struct sdr_facts. */
enum { ENTRY_UNREADABLE = 0x80 };

/* Set strength and readability of the facts to those of this key. */
void
entry_key_facts(const struct entry_key *key, struct sdr_facts *facts);

/* Begin the entry DN with this ID. Both are copied. */
void
entry_begin(struct entry *entry, const struct sdr_config *config,
            unsigned directory, const unsigned char id[SDR_RECORD_ID_SIZE],
            const char *dn);

/* Read one value; see sdr_reader_value(). */
void
entry_value(struct entry *entry, const char *attribute, const char *value,
            size_t len);

/* End the entry and encode it. Returns false without memory. */
bool
entry_end(struct entry *entry);

/* Free the contents. */
void
entry_clear(struct entry *entry);

/* ---- decoding ---- */

struct entry_view {
    const char *dn;
    const unsigned char *record; /* the facts; its strength has no meaning */
    size_t record_len;
    const unsigned char *keys; /* see entry_next_key() */
    size_t keys_len;
};

/* Decode an entry. The view borrows OCTETS. Returns false if they are not an
 * entry. */
bool
entry_read(struct entry_view *view, const void *octets, size_t len);

/* Read the next key of the view, in sorted order. Returns false if there are no
 * more. */
bool
entry_next_key(struct entry_view *view, struct entry_key *key);

/* Read the facts. Returns false if the record is not valid. */
bool
entry_facts(const struct entry_view *view, struct sdr_facts *facts);

/* Compare two keys, without their strength. Returns less than, equal to or more
 * than 0. */
int
entry_key_compare(const struct entry_key *a, const struct entry_key *b);

/* The parts of an encoded entry. */
struct entry_parts {
    const char *dn;
    const unsigned char *record;
    size_t record_len;
    const struct entry_key *keys; /* sorted */
    size_t key_count;
};

/* Encode the parts; the caller frees *OCTETS. Returns false without memory. */
bool
entry_encode(const struct entry_parts *parts, unsigned char **octets,
             size_t *len);

#endif
