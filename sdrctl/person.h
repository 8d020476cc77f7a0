/* person.h - entries of people as they stand in a directory, to be changed
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Values are kept as they are, octet for octet. Made by person_find(), freed by
 * people_clear().
 */
#ifndef SDRCTL_PERSON_H
#define SDRCTL_PERSON_H

#include <stdbool.h>
#include <stddef.h>

#include <ldap.h>

#include "connection.h"
#include "facts.h"

struct values {
    struct berval *items;
    size_t count;
};

struct person {
    unsigned directory;
    char *dn;
    char *address;      /* the one asked for, or the first in a split domain */
    unsigned long line; /* of a batch, for whoever reads one; 0: none */
    bool is_group;
    bool is_recipient; /* has the class sdrRecipient */
    struct values owner, routing, hold;
    struct sdr_facts facts; /* settled */
};

struct people {
    struct person *items;
    size_t count, room;
};

/* Find all entries with this address, and nothing weaker, in the directory:
 * they are added to PEOPLE. SDR_OK, none among it; SDR_INVALID: it is no
 * address in a split domain; or SDR_TEMPFAIL. Both with the reason. */
enum sdr_status SDR_MUST_USE
person_find(struct sdr_connection *connection, const struct sdr_config *config,
            unsigned directory, const char *address, struct people *people,
            struct sdr_error *error);

/* Find all entries with an address in a split domain that match an LDAP
 * filter. Results as above; SDR_INVALID: it is no filter. */
enum sdr_status SDR_MUST_USE
person_find_all(struct sdr_connection *connection,
                const struct sdr_config *config, unsigned directory,
                const char *filter, struct people *people,
                struct sdr_error *error);

/* Read the values of attributes of one entry: VALUES has one for each of the
 * COUNT names, freed by values_clear(). SDR_NOTFOUND: there is no such entry.
 */
enum sdr_status SDR_MUST_USE
person_read(struct sdr_connection *connection, const char *dn,
            const char *const *names, size_t count, struct values *values,
            struct sdr_error *error);

bool
values_add(struct values *values, const char *value, size_t len);

/* True if both hold the same values, in whatever order. */
bool
values_same(const struct values *a, const struct values *b);

void
values_clear(struct values *values);

void
people_clear(struct people *people);

#endif
