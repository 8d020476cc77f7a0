/* directory_check.h - the check of one directory server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the steps of the check share. Each reports its findings; the worst is
 * kept.
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
    const char *option; /* that names it */
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
    /* the last entry of the current search */
    char dn[DIRECTORY_CHECK_NAME_SIZE];
    unsigned entries;
};

/* The connection, for a request that is sent now. */
struct sdr_connection *
directory_check_connection(const struct directory_check *check);

/* Search below the search base, or the entry BASE alone, for one entry at most;
 * its name is in check->dn then. VALUE, which may be NULL, is called with the
 * check and each value. Results as of sdr_connection_search(). */
enum sdr_status SDR_MUST_USE
directory_check_search(struct directory_check *check, const char *base,
                       const char *filter, const char *const *attributes,
                       void (*value)(void *, const char *, const char *,
                                     size_t),
                       struct sdr_error *error);

/* Check that the schema has the attributes that routing reads, and our class.
 */
void
directory_check_schema(struct directory_check *check);

/* Check that members of groups in groups that name an owner count. */
void
directory_check_groups(struct directory_check *check);
/* Check the must-see lines. Proposes such a line if nothing else proves that
 * owners can be read. */
void
directory_check_must_see(struct directory_check *check);

/* Check that the account may read them. Silent after a worse finding. */
void
directory_check_access(struct directory_check *check);

/* Find addresses in values with other text. Reads all entries. */
void
directory_check_values(struct directory_check *check);

#endif
