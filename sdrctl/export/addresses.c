/* addresses.c - the addresses to export; see export.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "change/change.h"
#include "export/export.h"
#include "ldap/dn.h"
#include "replica/reader.h"

struct counted {
    char *name;
    bool found;
};

struct collector {
    const struct sdr_config *config;
    struct export_addresses *addresses;
    struct counted *names; /* DNs of entries to export, sorted; NULL: all */
    size_t name_count;
    bool no_memory;
};

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
compare_names(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static bool
counts(struct collector *collector, const char *dn)
{
    struct counted wanted = {NULL, false}, *found = NULL;

    if (collector->names == NULL)
        return true;
    wanted.name = dn_normal(dn);
    if (wanted.name != NULL)
        found = bsearch(&wanted, collector->names, collector->name_count,
                        sizeof wanted, compare_names);
    if (found != NULL)
        found->found = true;
    collector->no_memory |= wanted.name == NULL;
    free(wanted.name);
    return found != NULL;
}

/* True for a catch-all that stays at this site, which no table needs. Any other
 * is reported later. */
static bool
is_own_catch_all(const struct collector *collector, const char *address,
                 const struct sdr_facts *facts)
{
    return address[0] == '@'
           && facts->owners == (sdr_sites)1 << collector->config->this_site;
}

/* Add an address. The rows of one address are consecutive. */
static void
on_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    struct collector *collector = arg;
    struct export_addresses *addresses = collector->addresses;
    char *copy;

    if (!counts(collector, facts->dn)
        || is_own_catch_all(collector, address, facts)
        || (addresses->count > 0
            && strcmp(addresses->items[addresses->count - 1], address) == 0))
        return;
    copy = strdup(address);
    if (copy != NULL
        && sdr_array_append(&addresses->items, &addresses->count,
                            &addresses->room, &copy, sizeof copy))
        return;
    free(copy);
    collector->no_memory = true;
}

/* ---- the entries of a journal ---- */

/* Add the DN of an entry, truncated as in struct sdr_facts. */
static void
add_name(struct collector *collector, const char *dn)
{
    char shown[sizeof((struct sdr_facts *)NULL)->dn];
    size_t len = strnlen(dn, sizeof shown - 1);
    char *normal;

    memcpy(shown, dn, len);
    shown[len] = '\0';
    normal = dn_normal(shown);
    if (normal != NULL)
        collector->names[collector->name_count++].name = normal;
    else
        collector->no_memory = true;
}

static void
drop_doubles(struct collector *collector)
{
    size_t kept = 0;

    for (size_t i = 0; i < collector->name_count; i++) {
        struct counted *next = &collector->names[i];

        if (kept > 0 && compare_names(&collector->names[kept - 1], next) == 0)
            free(next->name);
        else
            collector->names[kept++] = *next;
    }
    collector->name_count = kept;
}

static void
choose(struct collector *collector, const struct changes *since)
{
    collector->names = calloc(since->count + 1, sizeof *collector->names);
    collector->no_memory = collector->names == NULL;
    for (size_t i = 0; collector->names != NULL && i < since->count; i++)
        add_name(collector, since->items[i].dn);
    if (collector->name_count > 0)
        qsort(collector->names, collector->name_count, sizeof *collector->names,
              compare_names);
    drop_doubles(collector);
}

/* Report an entry of the journal that the replica does not have: it may have
 * been renamed, and would be missing from the export. */
static enum sdr_status
check_names(const struct collector *collector, struct sdr_error *error)
{
    for (size_t i = 0; i < collector->name_count; i++) {
        if (collector->names[i].found)
            continue;
        sdr_error_set(error,
                      "%s: in the journal, but not in the replica: renamed or "
                      "deleted since? Export all",
                      collector->names[i].name);
        return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

/* ---- all addresses ---- */

static void
sort(struct export_addresses *addresses)
{
    size_t kept = 0;

    if (addresses->count == 0)
        return;
    qsort(addresses->items, addresses->count, sizeof *addresses->items,
          compare);
    for (size_t i = 1; i < addresses->count; i++) {
        if (strcmp(addresses->items[kept], addresses->items[i]) == 0)
            free(addresses->items[i]);
        else
            addresses->items[++kept] = addresses->items[i];
    }
    addresses->count = kept + 1;
}

enum sdr_status
export_addresses_read(struct export_addresses *addresses,
                      const struct sdr_config *config,
                      struct sdr_replica *replica, const struct changes *since,
                      struct sdr_error *error)
{
    struct collector collector = {.config = config, .addresses = addresses};
    enum sdr_status status = SDR_OK;

    if (since != NULL)
        choose(&collector, since);
    for (unsigned d = 0; status == SDR_OK && d < config->directory_count; d++) {
        status = sdr_replica_walk(replica, d, on_row, &collector, error);
        if (status != SDR_OK)
            sdr_error_prefix(error, "directory %s",
                             config->directories[d].name);
    }
    if (status == SDR_OK && collector.no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    if (status == SDR_OK)
        status = check_names(&collector, error);
    for (size_t i = 0; i < collector.name_count; i++)
        free(collector.names[i].name);
    free(collector.names);
    sort(addresses);
    return status;
}

void
export_addresses_clear(struct export_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        free(addresses->items[i]);
    free(addresses->items);
    *addresses = (struct export_addresses){NULL, 0, 0};
}
