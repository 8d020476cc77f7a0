/* addresses.c - see addresses.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "verify/addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decision/profile.h"
#include "ldap/filter.h"
#include "live.h"
#include "replica_copy.h"

/* The time limit of each page (seconds). */
enum { PAGE_S = 60 };

struct addresses {
    struct batch *batch;
    const struct sdr_config *config;
    unsigned directory;
    struct sdr_reader reader;
    bool any, no_memory;
};

/* ---- an address ---- */

static void
add(struct addresses *addresses, const struct sdr_address *address)
{
    const struct sdr_name *name =
        sdr_config_name(addresses->config, address->domain);
    char text[SDR_ADDRESS_MAX + 1];

    if (name == NULL || name->kind != SDR_NAME_SPLIT
        || address->local[0] == '\0')
        return;
    sdr_address_format(address, text, sizeof text);
    if (!batch_add(addresses->batch, text, 0))
        addresses->no_memory = true;
}

/* ---- the replica ---- */

static void
on_row(void *arg, const char *text, const struct sdr_facts *facts)
{
    struct addresses *addresses = arg;
    struct sdr_address address;
    const char *at = strrchr(text, '@');

    (void)facts;
    if (at == text)
        return; /* a catch-all */
    if (at != NULL
        && sdr_address_make(&address, text, (size_t)(at - text), at + 1)
               == SDR_OK)
        add(addresses, &address);
    else if (!batch_add(addresses->batch, text, 0)) /* its end is not legible */
        addresses->no_memory = true;
}

/* SDR_NOTFOUND with the reason if the replica does not have the directory. */
static enum sdr_status
read_replica(struct addresses *addresses, struct sdr_replica *replica,
             struct sdr_error *error)
{
    struct copy copy;

    if (replica == NULL) {
        sdr_error_set(error, "it is a file, and no replica is configured");
        return SDR_NOTFOUND;
    }
    copy_read(&copy, addresses->config, replica, addresses->directory,
              time(NULL));
    if (copy.quality == COPY_NONE)
        *error = copy.reason;
    else if (copy.quality != COPY_FRESH && copy.quality != COPY_STALE)
        sdr_error_set(error, "the replica is %s; see sdrctl sync status",
                      copy_quality_name(copy.quality));
    else
        return sdr_replica_walk(replica, addresses->directory, on_row,
                                addresses, error);
    return SDR_NOTFOUND;
}

/* ---- the directory ---- */

static void
on_address(void *arg, const struct sdr_address *address, unsigned strength,
           bool certain)
{
    (void)strength;
    (void)certain; /* if it is not, so is the look-up */
    add(arg, address);
}

static void
on_entry(void *arg, const char *dn)
{
    struct addresses *addresses = arg;

    addresses->any = true;
    sdr_reader_begin_all(&addresses->reader, addresses->config,
                         addresses->directory, dn, on_address, addresses);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct addresses *addresses = arg;

    sdr_reader_value(&addresses->reader, attribute, value, len);
}

static void
on_entry_end(void *arg)
{
    struct addresses *addresses = arg;

    (void)sdr_reader_end_all(&addresses->reader);
}

/* Entries with an address that match the filter, which may be NULL. */
static char *
make_filter(const struct sdr_directory_options *options, const char *filter)
{
    char *present =
        sdr_filter_present(options, options->mapping.addresses.items,
                           options->mapping.addresses.count);
    char *both = NULL;

    if (filter == NULL || present == NULL)
        return present;
    if (asprintf(&both, "(&%s%s)", present, filter) < 0)
        both = NULL;
    free(present);
    return both;
}

static enum sdr_status
read_live(struct addresses *addresses, const char *filter,
          struct sdr_error *error)
{
    struct live live = {
        .directory = &addresses->config->directories[addresses->directory]};
    struct sdr_search search = {.entry = on_entry,
                                .value = on_value,
                                .end = on_entry_end,
                                .arg = addresses};
    enum sdr_status status =
        live_search(&live, make_filter(live.directory, filter), NULL, &search,
                    PAGE_S, error);

    /* That no entry matches is no answer if none can be seen. */
    if (status == SDR_OK && !addresses->any)
        status = live_prove(&live, NULL, error);
    live_close(&live);
    return status;
}

/* ---- a file ---- */

enum sdr_status
addresses_read_file(struct batch *batch, const struct sdr_config *config,
                    unsigned directory, const struct ldif_index *index,
                    struct sdr_error *error)
{
    struct addresses addresses = {
        .batch = batch, .config = config, .directory = directory};
    const struct sdr_search search = {.entry = on_entry,
                                      .value = on_value,
                                      .end = on_entry_end,
                                      .arg = &addresses};
    enum sdr_status status = ldif_index_search(index, NULL, &search, error);

    if (status == SDR_OK && addresses.no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    batch_sort(batch);
    return status;
}

/* ---- all directories ---- */

static enum sdr_status
read_directory(struct addresses *addresses, struct sdr_replica *replica,
               const char *filter, struct sdr_error *error)
{
    bool is_file =
        addresses->config->directories[addresses->directory].ldif_path != NULL;
    enum sdr_status status = SDR_NOTFOUND;

    addresses->any = false;
    if (is_file && filter != NULL) {
        sdr_error_set(error, "it is a file, which cannot be searched with "
                             "--filter: use --file or --all");
        return SDR_INVALID;
    }
    if (is_file || (filter == NULL && replica != NULL))
        status = read_replica(addresses, replica, error);
    if (is_file)
        return status == SDR_OK ? SDR_OK : SDR_TEMPFAIL;
    return status == SDR_NOTFOUND ? read_live(addresses, filter, error)
                                  : status;
}

enum sdr_status
addresses_read(struct batch *batch, const struct sdr_config *config,
               const char *filter, struct sdr_error *error)
{
    struct addresses addresses = {.batch = batch, .config = config};
    struct sdr_replica *replica =
        config->replica.path != NULL ? sdr_replica_new(config) : NULL;
    enum sdr_status status = SDR_OK;

    for (unsigned i = 0; i < config->directory_count && status == SDR_OK; i++) {
        addresses.directory = i;
        status = read_directory(&addresses, replica, filter, error);
        if (status != SDR_OK)
            sdr_error_prefix(error, "directory %s",
                             config->directories[i].name);
    }
    sdr_replica_free(&replica);
    if (status == SDR_OK && addresses.no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    batch_sort(batch);
    return status;
}
