/* sight.c - see sight.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "sight.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "clock.h"
#include "filter.h"

/* How long it stands that no attribute is hidden. */
enum { SHOWN_MS = 10 * 1000 };

/* The attributes FIRST to LAST of the directory: one of them must show. */
struct group {
    const struct sdr_directory_options *directory;
    struct sdr_sight *sight;
    unsigned first, last;
    unsigned entries; /* seen by the search under way */
};

void
sdr_sight_clear(struct sdr_sight *sight)
{
    for (unsigned i = 0; i < sight->count; i++)
        free(sight->witnesses[i]);
    free(sight->witnesses);
    free(sight->dn);
    *sight = (struct sdr_sight){0};
}

static void
see_entry(void *arg, const char *dn)
{
    struct group *group = arg;

    free(group->sight->dn);
    group->sight->dn = strdup(dn);
    group->entries++;
}

/* Keep the first usable value of each attribute of the group. */
static void
see_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct group *group = arg;
    const struct sdr_list *names = &group->directory->mapping.addresses;
    size_t n = strcspn(attribute, ";");

    for (unsigned i = group->first; i <= group->last; i++) {
        char **witness = &group->sight->witnesses[i];

        if (*witness == NULL && strlen(names->items[i]) == n
            && strncasecmp(names->items[i], attribute, n) == 0 && len > 0
            && len <= SDR_ADDRESS_MAX && memchr(value, '\0', len) == NULL)
            *witness = strndup(value, len);
    }
}

/* Search and count the entries. Owns FILTER. */
static enum sdr_status
look(struct group *group, struct sdr_connection *connection, char *filter,
     int64_t deadline, bool *broken, struct sdr_error *error)
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
        status =
            sdr_connection_search(connection, &search, deadline, broken, error);
    }
    free(wanted);
    free(filter);
    return status;
}

/* Find the witness again by its value, as recipients are found. Returns SDR_OK,
 * SDR_NOTFOUND (it is forgotten then) or SDR_TEMPFAIL. */
static enum sdr_status
find_witness(struct group *group, struct sdr_connection *connection,
             int64_t deadline, bool *broken, struct sdr_error *error)
{
    for (unsigned i = group->first; i <= group->last; i++) {
        char *value = group->sight->witnesses[i];
        enum sdr_status status;

        if (value == NULL)
            continue;
        status =
            look(group, connection,
                 sdr_filter_value(group->directory,
                                  group->directory->mapping.addresses.items[i],
                                  value, strlen(value)),
                 deadline, broken, error);
        if (status != SDR_OK || group->entries > 0)
            return status;
        free(value);
        group->sight->witnesses[i] = NULL;
    }
    return SDR_NOTFOUND;
}

static enum sdr_status
prove_group(struct group *group, struct sdr_connection *connection,
            int64_t deadline, bool *broken, struct sdr_error *error)
{
    const char **names =
        group->directory->mapping.addresses.items + group->first;
    unsigned count = group->last - group->first + 1;
    enum sdr_status status =
        find_witness(group, connection, deadline, broken, error);

    if (status != SDR_NOTFOUND)
        return status;
    status = look(group, connection,
                  sdr_filter_present(group->directory, names, count), deadline,
                  broken, error);
    if (status != SDR_OK)
        return status;
    if (group->entries == 0) {
        sdr_error_set(error,
                      "no entry shows a value of %s%s: misspelt, not readable, "
                      "or the tree is empty",
                      names[0], count > 1 ? " or its like" : "");
        return SDR_TEMPFAIL;
    }
    status = find_witness(group, connection, deadline, broken, error);
    if (status == SDR_NOTFOUND) {
        sdr_error_set(error,
                      "an entry shows a value of %s%s, but a search for that "
                      "value finds nothing: no equality rule, or no right to "
                      "search",
                      names[0], count > 1 ? " or its like" : "");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* ---- nor is any hidden ---- */

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

/* One that was named has shown a value. */
static enum sdr_status
prove_none_hidden(struct sdr_sight *sight, struct sdr_connection *connection,
                  const struct sdr_directory_options *directory,
                  int64_t deadline, bool *broken, struct sdr_error *error)
{
    const struct sdr_mapping *mapping = &directory->mapping;
    unsigned count = mapping->explicit_addresses ? 0 : mapping->addresses.count;
    struct sdr_comparison *comparisons = calloc(count + 1, sizeof *comparisons);
    enum sdr_status status;

    if (comparisons == NULL || sight->dn == NULL) {
        free(comparisons);
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    for (unsigned i = 0; i < count; i++)
        comparisons[i] = (struct sdr_comparison){
            .attribute = mapping->addresses.items[i], .value = "x"};
    status = sdr_connection_compare(connection, sight->dn, comparisons, count,
                                    deadline, error);
    *broken = status != SDR_OK;
    if (status == SDR_OK)
        status = judge_codes(sight->dn, comparisons, count, error);
    free(comparisons);
    return status;
}

/* ---- both ---- */

enum sdr_status
sdr_sight_prove(struct sdr_sight *sight, struct sdr_connection *connection,
                const struct sdr_directory_options *directory, int64_t deadline,
                bool *broken, struct sdr_error *error)
{
    const struct sdr_mapping *mapping = &directory->mapping;
    unsigned count = mapping->addresses.count;
    unsigned step = mapping->explicit_addresses ? 1 : count;
    enum sdr_status status = SDR_OK;

    *broken = false;
    if (sight->witnesses == NULL) {
        sight->witnesses = calloc(count, sizeof *sight->witnesses);
        if (sight->witnesses == NULL) {
            sdr_error_set(error, "no memory");
            return SDR_TEMPFAIL;
        }
        sight->count = count;
    }
    for (unsigned i = 0; i < count && status == SDR_OK; i += step) {
        struct group group = {.directory = directory,
                              .sight = sight,
                              .first = i,
                              .last = i + step - 1};

        status = prove_group(&group, connection, deadline, broken, error);
    }
    if (status != SDR_OK || sdr_clock() < sight->until)
        return status;
    status = prove_none_hidden(sight, connection, directory, deadline, broken,
                               error);
    if (status == SDR_OK)
        sight->until = sdr_clock() + SHOWN_MS;
    return status;
}

enum sdr_status
sdr_sight_prove_lately(struct sdr_sight *sight,
                       struct sdr_connection *connection,
                       const struct sdr_directory_options *directory,
                       int64_t deadline, bool *broken, struct sdr_error *error)
{
    *broken = false;
    if (sdr_clock() < sight->until)
        return SDR_OK;
    return sdr_sight_prove(sight, connection, directory, deadline, broken,
                           error);
}
