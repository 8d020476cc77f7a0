/* directory_check.c - see directory_check.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/directory_check.h"

#include <stdio.h>

#include "net/clock.h"

struct sdr_connection *
directory_check_connection(const struct directory_check *check)
{
    sdr_connection_renew_deadline(check->connection);
    return check->connection;
}

static void
on_entry(void *arg, const char *dn)
{
    struct directory_check *check = arg;

    check->entries++;
    snprintf(check->dn, sizeof check->dn, "%s", dn);
}

enum sdr_status
directory_check_search(struct directory_check *check, const char *base,
                       const char *filter, const char *const *attributes,
                       void (*value)(void *, const char *, const char *,
                                     size_t),
                       struct sdr_error *error)
{
    struct sdr_search s = {.base = base,
                           .filter = filter,
                           .attributes = attributes,
                           .size_limit = 1,
                           .entry = on_entry,
                           .value = value,
                           .arg = check};

    check->entries = 0;
    return sdr_connection_search(directory_check_connection(check), &s, error);
}
