/* must_see.c - see must_see.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/must_see.h"

#include <stdlib.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "decision/keys.h"
#include "decision/profile.h"

/* How long the proof is valid that all were found. */
enum { SEEN_MS = 10 * 1000 };

/* A search for one must-see address. */
struct visibility {
    const struct sdr_directory_options *directory;
    struct sdr_keys keys;
    struct sdr_reader reader;
    struct sdr_facts facts;
    bool found;
};

bool
sdr_must_see_owner(const struct sdr_directory_options *directory)
{
    for (unsigned i = 0; i < directory->must_see_count; i++) {
        if (directory->must_see[i].has_site)
            return true;
    }
    return false;
}

static void
on_entry(void *arg, const char *dn)
{
    struct visibility *visibility = arg;

    sdr_reader_begin(&visibility->reader, visibility->directory->config,
                     &visibility->keys, visibility->directory->index, dn);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    sdr_reader_value(&((struct visibility *)arg)->reader, attribute, value,
                     len);
}

static void
on_end(void *arg)
{
    struct visibility *visibility = arg;

    (void)sdr_reader_end(&visibility->reader, &visibility->facts,
                         &visibility->found);
}

/* Returns what is missing, or NULL. */
static const char *
find_fault(const struct visibility *visibility,
           const struct sdr_must_see *must_see)
{
    const struct sdr_facts *facts = &visibility->facts;

    if (!visibility->found)
        return "no entry with that address was found";
    if (must_see->has_site && facts->by_default)
        return "the entry shows no owner";
    if (must_see->has_site
        && (facts->owners & (sdr_sites)1 << must_see->site) == 0)
        return "the entry shows another owner";
    return NULL;
}

static enum sdr_status
look_for(const struct sdr_must_see *must_see, struct sdr_connection *connection,
         struct sdr_error *error)
{
    const struct sdr_directory_options *directory =
        sdr_connection_directory(connection);
    struct visibility visibility = {.directory = directory};
    const char **attributes = sdr_profile_attributes(&directory->mapping, NULL);
    struct sdr_search search = {.attributes = attributes,
                                .entry = on_entry,
                                .value = on_value,
                                .end = on_end,
                                .arg = &visibility};
    enum sdr_status status;
    const char *fault;
    char *filter;

    sdr_keys_make(&visibility.keys, &must_see->address,
                  must_see->address.domain, "");
    visibility.keys.count = 1; /* no weaker keys */
    search.filter = filter = sdr_filter_keys(directory, &visibility.keys);
    status = sdr_connection_search(connection, &search, error);
    fault = status == SDR_OK ? find_fault(&visibility, must_see) : NULL;
    if (fault != NULL) {
        sdr_error_set(error, "%s", fault);
        status = SDR_TEMPFAIL;
    }
    if (status != SDR_OK)
        sdr_error_prefix(error, "line %u, must-see = %s", must_see->line,
                         must_see->text);
    free(filter);
    free(attributes);
    return status;
}

enum sdr_status
sdr_must_see_prove(struct sdr_connection *connection, struct sdr_error *error)
{
    const struct sdr_directory_options *directory =
        sdr_connection_directory(connection);
    enum sdr_status status = SDR_OK;

    for (unsigned i = 0; i < directory->must_see_count && status == SDR_OK; i++)
        status = look_for(&directory->must_see[i], connection, error);
    if (status == SDR_OK)
        sdr_connection_server(connection)->must_see_until =
            sdr_clock() + SEEN_MS;
    return status;
}

enum sdr_status
sdr_must_see_prove_lately(struct sdr_connection *connection,
                          struct sdr_error *error)
{
    if (sdr_clock() < sdr_connection_server(connection)->must_see_until)
        return SDR_OK;
    return sdr_must_see_prove(connection, error);
}
