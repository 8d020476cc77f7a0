/* entry.h - directory entries to be changed
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Values are kept unchanged. Entries are found by person_find() and freed by
 * people_clear().
 */
#ifndef SDRCTL_PERSON_H
#define SDRCTL_PERSON_H

#include <stdbool.h>
#include <stddef.h>

#include <ldap.h>

#include "ldap/connection.h"
#include "ldif/ldif_index.h"
#include "decision/facts.h"

struct values {
    struct berval *items;
    size_t count, room;
};

struct person {
    unsigned directory;
    char *dn;
    char *address; /* the one searched for, or the first in a split domain */
    unsigned long line; /* in the batch; 0: no line */
    bool is_group;
    bool is_recipient; /* has the class sdrRecipient */
    bool has_class;    /* its object classes were read */
    bool is_ad;        /* has a class that only Active Directory has */
    struct values owner, routing, hold;
    struct sdr_facts facts; /* settled */
};

struct people {
    struct person *items;
    size_t count, room;
};

/* Where the entries of a directory are: on a server or in a file. The other
 * pointer is NULL. */
struct entries {
    struct sdr_connection *connection;
    const struct ldif_index *file;
};

/* Add all entries of the directory with this address to PEOPLE, without
 * fallback to weaker keys. Returns SDR_OK, even if there are none; or with the
 * reason SDR_INVALID, not an address in a split domain, or SDR_TEMPFAIL. */
enum sdr_status SDR_MUST_USE
person_find(const struct entries *entries, const struct sdr_config *config,
            unsigned directory, const char *address, struct people *people,
            struct sdr_error *error);

/* Add all entries of a server that match an LDAP filter and have an address in
 * a split domain. Returns as person_find(); SDR_INVALID means an invalid
 * filter. */
enum sdr_status SDR_MUST_USE
person_find_all(struct sdr_connection *connection,
                const struct sdr_config *config, unsigned directory,
                const char *filter, struct people *people,
                struct sdr_error *error);

/* Read the values of COUNT attributes of one entry into VALUES. The caller
 * clears each with values_clear(). Returns SDR_OK; SDR_NOTFOUND if there is no
 * such entry; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
person_read(struct sdr_connection *connection, const char *dn,
            const char *const *names, size_t count, struct values *values,
            struct sdr_error *error);

bool
values_add(struct values *values, const char *value, size_t len);

bool
values_contain(const struct values *values, const struct berval *value);

/* True if both have the same values, in any order. */
bool
values_same(const struct values *a, const struct values *b);

void
values_clear(struct values *values);

void
people_clear(struct people *people);

#endif
