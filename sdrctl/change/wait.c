/* wait.c - see wait.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/wait.h"

#include <stdio.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "net/clock.h"
#include "replica/reader.h"
#include "usage.h"

enum { WAIT_MS = 60 * 1000, GLANCE_MS = 300, STEP_MS = 50 };

/* True if the facts have the owners that the values name. Without values, any
 * default-owner or routing address is right. */
static bool
are_owners(const struct sdr_config *config, const struct values *values,
           const struct sdr_facts *facts)
{
    sdr_sites owners = 0;

    for (size_t i = 0; i < values->count; i++)
        owners |= sdr_config_owner(config, values->items[i].bv_val,
                                   values->items[i].bv_len);
    return values->count > 0 ? facts->owners == owners
                             : facts->by_default || facts->has_routing;
}

static bool
is_held(const struct values *values)
{
    return values->count > 0
           && strcasecmp(values->items[0].bv_val, "TRUE") == 0;
}

/* True if the facts agree with the change. */
static bool
is_as_changed(const struct sdr_config *config, const struct change *change,
              const struct sdr_facts *facts)
{
    const struct sdr_mapping *mapping =
        &config->directories[change->directory].mapping;

    for (unsigned i = 0; i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];

        if (mapping->owner != NULL
            && strcasecmp(attribute->name, mapping->owner) == 0
            && !are_owners(config, &attribute->after, facts))
            return false;
        if (mapping->hold != NULL
            && strcasecmp(attribute->name, mapping->hold) == 0
            && is_held(&attribute->after) != facts->hold)
            return false;
    }
    return true;
}

static bool
is_seen(struct sdr_replica *replica, const struct sdr_config *config,
        const struct change *change)
{
    struct sdr_keys keys = {.count = 1};
    const struct sdr_name *name;
    struct sdr_facts facts;
    struct sdr_error error;

    if (sdr_address_parse(&keys.key[0], change->address) != SDR_OK)
        return true;
    name = sdr_config_name(config, keys.key[0].domain);
    if (name != NULL && name->kind == SDR_NAME_SPLIT)
        snprintf(keys.key[0].domain, sizeof keys.key[0].domain, "%s",
                 config->domains[name->split].ascii);
    return sdr_replica_lookup(replica, change->directory, &keys, time(NULL),
                              &facts, &error)
               == SDR_OK
           && is_as_changed(config, change, &facts);
}

int
wait_for_replica(struct sdr *sdr, const struct changes *changes, bool wait,
                 bool quiet)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    const struct sdr_config *config = sdr_get_config(sdr);
    struct sdr_replica *replica = NULL;
    int64_t end = sdr_clock() + (wait ? WAIT_MS : GLANCE_MS);
    size_t seen = 0;

    if (config->replica.path == NULL)
        return EX_OK;
    replica = sdr_replica_new(config);
    while (replica != NULL && seen < changes->count && sdr_clock() < end) {
        if (is_seen(replica, config, &changes->items[seen]))
            seen++;
        else
            nanosleep(&step, NULL);
    }
    sdr_replica_free(&replica);
    if (seen == changes->count)
        return EX_OK;
    if (!quiet || wait)
        fprintf(
            stderr,
            "sdrctl: the replica does not have %zu of %zu changes yet; until "
            "it does, mail is routed as before; see %s sync status, and if "
            "sdr-sync holds the changes back, run %s sync accept\n",
            changes->count - seen, changes->count, usage_program(),
            usage_program());
    return wait ? EX_TEMPFAIL : EX_OK;
}

size_t
replica_lacks(const struct sdr_config *config, struct sdr_replica *replica,
              const struct changes *changes)
{
    size_t lacks = 0;

    for (size_t i = 0; i < changes->count; i++)
        lacks += !is_seen(replica, config, &changes->items[i]);
    return lacks;
}
