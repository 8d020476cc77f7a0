/* visibility.c - see visibility.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/visibility.h"

#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "net/clock.h"
#include "decision/value.h"
#include "ldap/effective_rights.h"
#include "ldap/filter.h"
#include "ldap/must_see.h"
#include "ldap/server_kind.h"
#include "decision/value.h"

/* How long the proof is valid that no attribute is hidden. */
enum { SHOWN_MS = 10 * 1000 };

/* The attributes FIRST to LAST of the directory; one of them must be visible.
 */
struct group {
    const struct sdr_directory_options *directory;
    struct sdr_visibility *visibility;
    unsigned first, last;
    unsigned entries; /* found by the current search */
};

void
sdr_visibility_clear(struct sdr_visibility *visibility)
{
    for (unsigned i = 0; i < visibility->count; i++)
        free(visibility->known[i]);
    free(visibility->known);
    free(visibility->dn);
    *visibility = (struct sdr_visibility){0};
}

static void
see_entry(void *arg, const char *dn)
{
    struct group *group = arg;

    free(group->visibility->dn);
    group->visibility->dn = strdup(dn);
    group->entries++;
}

/* Keep the first usable value of each attribute of the group. */
static void
see_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct group *group = arg;
    const struct sdr_list *names = &group->directory->mapping.addresses;

    for (unsigned i = group->first; i <= group->last; i++) {
        char **known = &group->visibility->known[i];

        if (*known == NULL && sdr_attribute_is(names->items[i], attribute)
            && len > 0 && len <= SDR_ADDRESS_MAX
            && memchr(value, '\0', len) == NULL)
            *known = strndup(value, len);
    }
}

/* Search and count the entries. Frees FILTER. */
static enum sdr_status
look(struct group *group, struct sdr_connection *connection, char *filter,
     struct sdr_error *error)
{
    unsigned count = group->last - group->first + 1;
    const char **wanted = calloc(count + 1, sizeof *wanted);
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .size_limit = 1,
                                .entry = see_entry,
                                .value = see_value,
                                .arg = group};
    enum sdr_status status = SDR_TEMPFAIL;

    group->entries = 0;
    if (wanted == NULL) {
        sdr_error_set(error, "no memory");
    } else {
        memcpy(wanted, group->directory->mapping.addresses.items + group->first,
               count * sizeof *wanted);
        status = sdr_connection_search(connection, &search, error);
    }
    free(wanted);
    free(filter);
    return status;
}

/* Search for a known address by its value, as recipients are searched for.
 * Returns SDR_OK, SDR_NOTFOUND (the address is discarded), or SDR_TEMPFAIL. */
static enum sdr_status
find_known(struct group *group, struct sdr_connection *connection,
           struct sdr_error *error)
{
    for (unsigned i = group->first; i <= group->last; i++) {
        char *value = group->visibility->known[i];
        enum sdr_status status;

        if (value == NULL)
            continue;
        status =
            look(group, connection,
                 sdr_filter_value(group->directory,
                                  group->directory->mapping.addresses.items[i],
                                  value, strlen(value)),
                 error);
        if (status != SDR_OK || group->entries > 0)
            return status;
        free(value);
        group->visibility->known[i] = NULL;
    }
    return SDR_NOTFOUND;
}

static enum sdr_status
prove_group(struct group *group, struct sdr_connection *connection,
            struct sdr_error *error)
{
    const char **names =
        group->directory->mapping.addresses.items + group->first;
    unsigned count = group->last - group->first + 1;
    enum sdr_status status = find_known(group, connection, error);

    if (status != SDR_NOTFOUND)
        return status;
    status = look(group, connection,
                  sdr_filter_present(group->directory, names, count), error);
    if (status != SDR_OK)
        return status;
    if (group->entries == 0) {
        sdr_error_set(error,
                      "no entry shows a value of %s%s: misspelt, not readable, "
                      "or the tree is empty",
                      names[0], count > 1 ? " or its like" : "");
        return SDR_TEMPFAIL;
    }
    status = find_known(group, connection, error);
    if (status == SDR_NOTFOUND) {
        sdr_error_set(
            error,
            "an entry shows a value of %s%s, but a search for that "
            "value finds nothing: no equality rule, or no search access",
            names[0], count > 1 ? " or its like" : "");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* ---- hidden attributes ---- */

static enum sdr_status
judge_codes(const char *dn, const struct sdr_comparison *comparisons,
            unsigned count, struct sdr_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        int code = comparisons[i].code;

        if (code != LDAP_INSUFFICIENT_ACCESS && code != LDAP_NO_SUCH_OBJECT)
            continue;
        sdr_error_set(error, "%s of %s cannot be read: %s",
                      comparisons[i].attribute, dn, ldap_err2string(code));
        return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

static enum sdr_status
compare_all(struct sdr_visibility *visibility,
            struct sdr_connection *connection, const struct sdr_list *names,
            struct sdr_error *error)
{
    struct sdr_comparison *comparisons =
        calloc(names->count + 1, sizeof *comparisons);
    enum sdr_status status;

    if (comparisons == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    for (unsigned i = 0; i < names->count; i++)
        comparisons[i] =
            (struct sdr_comparison){.attribute = names->items[i], .value = "x"};
    status = sdr_connection_compare(connection, visibility->dn, comparisons,
                                    names->count, error);
    if (status == SDR_OK)
        status = judge_codes(visibility->dn, comparisons, names->count, error);
    free(comparisons);
    return status;
}

/* Check the access that the server reports. An attribute that is not in the
 * schema has no values. */
static enum sdr_status
ask_access(struct sdr_visibility *visibility, struct sdr_connection *connection,
           const struct sdr_list *names, struct sdr_error *error)
{
    struct sdr_right access[SDR_ACCESS_ASKED_MAX] = {{.name = NULL}};
    enum sdr_status status;

    for (unsigned i = 0; i < names->count && i < SDR_ACCESS_ASKED_MAX; i++)
        access[i].name = names->items[i];
    status = sdr_effective_rights(connection, visibility->dn, access,
                                  SDR_ACCESS_ASKED_MAX, error);
    if (status != SDR_OK
        && !sdr_connection_is_broken(connection)) /* the server does not report
                                                     it */
        return compare_all(visibility, connection, names, error);
    for (unsigned i = 0; i < SDR_ACCESS_ASKED_MAX && status == SDR_OK; i++) {
        if (access[i].name == NULL || access[i].unknown
            || (access[i].read && access[i].search))
            continue;
        sdr_error_set(error, "the account may not %s %s of %s",
                      access[i].read ? "search" : "read", access[i].name,
                      visibility->dn);
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* Prove that no attribute of a profile is hidden. Attributes that the
 * configuration names have shown a value already. */
static enum sdr_status
prove_none_hidden(struct sdr_visibility *visibility,
                  struct sdr_connection *connection, struct sdr_error *error)
{
    const struct sdr_mapping *mapping =
        &sdr_connection_directory(connection)->mapping;

    if (mapping->explicit_addresses)
        return SDR_OK;
    if (visibility->dn == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    if (sdr_server_proof(sdr_connection_server(connection))
        == SDR_PROOF_EFFECTIVE_RIGHTS)
        return ask_access(visibility, connection, &mapping->addresses, error);
    return compare_all(visibility, connection, &mapping->addresses, error);
}

/* ---- both ---- */

enum sdr_status
sdr_visibility_prove(struct sdr_visibility *visibility,
                     struct sdr_connection *connection, struct sdr_error *error)
{
    const struct sdr_mapping *mapping =
        &sdr_connection_directory(connection)->mapping;
    unsigned count = mapping->addresses.count;
    unsigned step = mapping->explicit_addresses ? 1 : count;
    enum sdr_status status = sdr_server_detect(connection, error);

    if (status == SDR_OK)
        status = sdr_must_see_prove(connection, error);
    if (status != SDR_OK)
        return status;
    if (visibility->known == NULL) {
        visibility->known = calloc(count, sizeof *visibility->known);
        if (visibility->known == NULL) {
            sdr_error_set(error, "no memory");
            return SDR_TEMPFAIL;
        }
        visibility->count = count;
    }
    for (unsigned i = 0; i < count && status == SDR_OK; i += step) {
        struct group group = {.directory = sdr_connection_directory(connection),
                              .visibility = visibility,
                              .first = i,
                              .last = i + step - 1};

        status = prove_group(&group, connection, error);
    }
    if (status != SDR_OK || sdr_clock() < visibility->until)
        return status;
    status = prove_none_hidden(visibility, connection, error);
    if (status == SDR_OK)
        visibility->until = sdr_clock() + SHOWN_MS;
    return status;
}

enum sdr_status
sdr_visibility_prove_recent(struct sdr_visibility *visibility,
                            struct sdr_connection *connection,
                            struct sdr_error *error)
{
    if (sdr_clock() < visibility->until)
        return SDR_OK; /* the must-see proof was part of it */
    return sdr_visibility_prove(visibility, connection, error);
}
