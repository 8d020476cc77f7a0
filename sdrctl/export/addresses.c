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

struct collector {
    const struct sdr_config *config;
    struct export_addresses *addresses;
    char **names; /* of entries that count, sorted; NULL: all count */
    size_t name_count;
    bool no_memory;
};

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
counts(struct collector *collector, const char *dn)
{
    char *normal = collector->names != NULL ? dn_normal(dn) : NULL;
    bool found;

    if (collector->names == NULL)
        return true;
    found = normal != NULL
            && bsearch(&normal, collector->names, collector->name_count,
                       sizeof normal, compare)
                   != NULL;
    collector->no_memory |= normal == NULL;
    free(normal);
    return found;
}

/* A catch-all that stays is not of interest; no table should have any other. */
static bool
is_own_catch_all(const struct collector *collector, const char *address,
                 const struct sdr_facts *facts)
{
    return address[0] == '@'
           && facts->owners == (sdr_sites)1 << collector->config->this_site;
}

/* The rows of one address come one after the other. */
static void
on_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    struct collector *collector = arg;
    struct export_addresses *addresses = collector->addresses;
    char *copy;

    if (is_own_catch_all(collector, address, facts)
        || !counts(collector, facts->dn)
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

/* Facts have no more of a name than this. */
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
        collector->names[collector->name_count++] = normal;
    else
        collector->no_memory = true;
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
              compare);
}

/* ---- all of them ---- */

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
    for (size_t i = 0; i < collector.name_count; i++)
        free(collector.names[i]);
    free(collector.names);
    sort(addresses);
    if (status == SDR_OK && collector.no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
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
