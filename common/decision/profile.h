/* profile.h - which attributes mean what, and an entry read by that
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A profile is a row of a table. An entry is read by pushing its attribute
 * values one by one, in any order: live searches, LDIF and the tests all do
 * it this way, so that they cannot differ. No I/O, no allocation.
 */
#ifndef SDR_PROFILE_H
#define SDR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "decision/facts.h"
#include "ldap/groups.h"

/* Fill the mapping of the directory from its profile and its overrides. False
 * if there is no profile of that name. The caller frees
 * mapping->addresses.items. */
bool
sdr_profile_map(struct sdr_directory_options *directory);

/* The names of all profiles, separated by ", ". */
const char *
sdr_profile_names(void);

/* The attributes that the facts of an entry are read from, then those of MORE,
 * a list ended by NULL that may be NULL itself; ended by NULL. The caller frees
 * the list; its names are borrowed. NULL without memory. */
const char **
sdr_profile_attributes(const struct sdr_mapping *mapping,
                       const char *const *more) SDR_MUST_USE;

/* One entry on its way to facts. */
struct sdr_reader {
    const struct sdr_config *config;
    const struct sdr_keys *keys;     /* NULL: each address goes to ADDRESS */
    const struct sdr_groups *groups; /* in others; NULL as begun, or set then */
    void (*address)(void *arg, const struct sdr_address *address,
                    unsigned strength, bool certain);
    void *arg;
    unsigned strength; /* of the attribute whose value is being read */
    bool matched;
    struct sdr_facts facts;
};

/* Begin an entry of the directory with this index, in search of KEYS; its name
 * is copied. */
void
sdr_reader_begin(struct sdr_reader *reader, const struct sdr_config *config,
                 const struct sdr_keys *keys, unsigned directory,
                 const char *dn);

/* Begin an entry that is read without a recipient: ADDRESS is called with each
 * of its addresses, the strength of that, and whether it is certain (see
 * value.h). The facts are those of all of them. */
void
sdr_reader_begin_all(struct sdr_reader *reader, const struct sdr_config *config,
                     unsigned directory, const char *dn,
                     void (*address)(void *arg,
                                     const struct sdr_address *address,
                                     unsigned strength, bool certain),
                     void *arg);

/* One value of LEN octets. ATTRIBUTE may carry options, which do not count. */
void
sdr_reader_value(struct sdr_reader *reader, const char *attribute,
                 const char *value, size_t len);

/* End the entry. Returns true with its settled facts merged into BEST (see
 * sdr_facts_merge()); false if none of its addresses equals a key: it does not
 * count. */
bool
sdr_reader_end(struct sdr_reader *reader, struct sdr_facts *best, bool *found);

/* End an entry that was begun for all its addresses; its settled facts. */
const struct sdr_facts *
sdr_reader_end_all(struct sdr_reader *reader);

#endif
