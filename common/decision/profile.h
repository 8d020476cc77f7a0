/* profile.h - the meaning of attributes, and a reader of entries
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A profile is a row of a table. To read an entry, push its attribute values
 * one by one, in any order. Live searches, LDIF and the tests all use this
 * reader, so they cannot differ. No I/O, no allocation except where stated.
 */
#ifndef SDR_PROFILE_H
#define SDR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "decision/facts.h"
#include "ldap/groups.h"

/* Fill the mapping of the directory from its profile and its overrides. Returns
 * false if the profile does not exist, or without memory. The caller frees
 * mapping->addresses.items. */
bool
sdr_profile_map(struct sdr_directory_options *directory);

/* Returns the names of all profiles, separated by ", ". */
const char *
sdr_profile_names(void);

/* Returns the attributes that the facts of an entry are read from, followed by
 * those of MORE, a list that ends with NULL and may be NULL itself. The result
 * ends with NULL; the caller frees the list, but not its names. Returns NULL
 * without memory. */
const char **
sdr_profile_attributes(const struct sdr_mapping *mapping,
                       const char *const *more) SDR_MUST_USE;

/* An entry that is being read. */
struct sdr_reader {
    const struct sdr_config *config;
    const struct sdr_keys *keys;     /* NULL: ADDRESS gets all */
    const struct sdr_groups *groups; /* of memberOf, or NULL; the caller may set
                                        it after the begin */
    void (*address)(void *arg, const struct sdr_address *address,
                    unsigned strength, bool certain);
    void *arg;
    unsigned strength; /* of the attribute being read */
    bool matched;
    struct sdr_facts facts;
};

/* Begin an entry of the directory with index DIRECTORY, to be matched against
 * KEYS. DN is copied. */
void
sdr_reader_begin(struct sdr_reader *reader, const struct sdr_config *config,
                 const struct sdr_keys *keys, unsigned directory,
                 const char *dn);

/* Begin an entry that is not matched against keys. ADDRESS is called with each
 * of its addresses, its strength, and whether it is certain (see value.h). The
 * facts apply to all of them. */
void
sdr_reader_begin_all(struct sdr_reader *reader, const struct sdr_config *config,
                     unsigned directory, const char *dn,
                     void (*address)(void *arg,
                                     const struct sdr_address *address,
                                     unsigned strength, bool certain),
                     void *arg);

/* Read one value of LEN octets. Options of ATTRIBUTE are ignored. */
void
sdr_reader_value(struct sdr_reader *reader, const char *attribute,
                 const char *value, size_t len);

/* End the entry. Returns true, with its settled facts merged into BEST (see
 * sdr_facts_merge()). Returns false if none of its addresses equals a key; BEST
 * is then unchanged. */
bool
sdr_reader_end(struct sdr_reader *reader, struct sdr_facts *best, bool *found);

/* End an entry begun with sdr_reader_begin_all(). Returns its settled facts,
 * borrowed from the reader. */
const struct sdr_facts *
sdr_reader_end_all(struct sdr_reader *reader);

#endif
