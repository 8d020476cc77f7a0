/* directory_check.h - the check of one directory server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * State shared by the steps of the check. Each step reports its findings and
 * updates the worst result.
 */
#ifndef DIRECTORY_CHECK_H
#define DIRECTORY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "check/finding.h"

enum { DIRECTORY_CHECK_ATTRIBUTES = 16, DIRECTORY_CHECK_NAME_SIZE = 1024 };

/* An attribute that routing reads. */
struct directory_check_attribute {
    const char *name;
    const char *option; /* the option that names it */
    bool address, named, in_schema;
};

/* A check in progress. */
struct directory_check {
    const struct sdr_config *config;
    const struct sdr_directory_options *directory;
    const char *uri;
    struct sdr_connection *connection;
    enum check_result worst;
    struct directory_check_attribute attributes[DIRECTORY_CHECK_ATTRIBUTES];
    unsigned attribute_count;
    const struct sdr_server_facts *server; /* of the connection */
    bool has_class;
    /* set by the current search */
    char dn[DIRECTORY_CHECK_NAME_SIZE];
    unsigned entries;
};

/* Returns the connection, with a new deadline for the next request. */
struct sdr_connection *
directory_check_connection(const struct directory_check *check);

/* Search below the search base, or only the entry BASE if it is not NULL, for
 * at most one entry. Sets check->entries, and check->dn to the DN of the entry
 * found. VALUE is called with the check and each attribute value; it may be
 * NULL. Returns the status of sdr_connection_search(). */
enum sdr_status SDR_MUST_USE
directory_check_search(struct directory_check *check, const char *base,
                       const char *filter, const char *const *attributes,
                       void (*value)(void *, const char *, const char *,
                                     size_t),
                       struct sdr_error *error);

/* Check that the schema defines the attributes that routing reads and the class
 * sdrRecipient. */
void
directory_check_schema(struct directory_check *check);

/* Check that the owner groups include the members of their nested groups. */
void
directory_check_groups(struct directory_check *check);
/* Check the must-see lines. Propose one if nothing else proves that the account
 * can read owners. */
void
directory_check_must_see(struct directory_check *check);

/* Check that the account may read these attributes. Reports nothing if an
 * earlier finding is CHECK_WRONG or worse. */
void
directory_check_access(struct directory_check *check);

/* Report values that contain an address and other text. Reads all entries. */
void
directory_check_values(struct directory_check *check);

#endif
