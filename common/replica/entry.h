/* entry.h - an entry of a directory, as the replica keeps it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The octets hold all that the store needs: the name, the facts, and the keys
 * by which the entry is found. Two entries that mean the same have the same.
 */
#ifndef SDR_ENTRY_H
#define SDR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/profile.h"
#include "replica/record.h"

/* An entry on its way in. Made by entry_begin(), freed by entry_clear(). */
struct entry {
    struct sdr_reader reader;
    unsigned char id[SDR_RECORD_ID_SIZE];
    char *dn;
    struct entry_key *keys;
    unsigned key_count, key_room;
    bool no_memory;
    unsigned char *octets; /* after entry_end() */
    size_t len;
};

/* A key of an entry and the strength of the attribute it came from. */
struct entry_key {
    struct sdr_record_key key;
    unsigned char strength; /* with ENTRY_UNREADABLE or without */
};

/* It is in no value that could be read, see struct sdr_facts. */
enum { ENTRY_UNREADABLE = 0x80 };

/* Make the facts of the entry those under this key. */
void
entry_key_facts(const struct entry_key *key, struct sdr_facts *facts);

/* Begin the entry DN with this ID. */
void
entry_begin(struct entry *entry, const struct sdr_config *config,
            unsigned directory, const unsigned char id[SDR_RECORD_ID_SIZE],
            const char *dn);

/* One value; see sdr_reader_value(). */
void
entry_value(struct entry *entry, const char *attribute, const char *value,
            size_t len);

/* End it: its octets are there. False without memory. */
bool
entry_end(struct entry *entry);

/* Free what it holds. */
void
entry_clear(struct entry *entry);

/* ---- what octets of an entry say ---- */

struct entry_view {
    const char *dn;
    const unsigned char *record; /* of the facts; its strength means nothing */
    size_t record_len;
    const unsigned char *keys; /* see entry_next_key() */
    size_t keys_len;
};

/* False if they are none. */
bool
entry_read(struct entry_view *view, const void *octets, size_t len);

/* Take the next key from the view, in their order; false if there is no other.
 */
bool
entry_next_key(struct entry_view *view, struct entry_key *key);

/* The facts; false if the record is none. */
bool
entry_facts(const struct entry_view *view, struct sdr_facts *facts);

/* The order of keys: below 0, 0 or above. Strength does not count. */
int
entry_key_compare(const struct entry_key *a, const struct entry_key *b);

/* What octets are made of. */
struct entry_parts {
    const char *dn;
    const unsigned char *record;
    size_t record_len;
    const struct entry_key *keys; /* in order */
    unsigned key_count;
};

/* Make them; the caller frees them. False without memory. */
bool
entry_encode(const struct entry_parts *parts, unsigned char **octets,
             size_t *len);

#endif
