/* wait.c - see wait.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "wait.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "clock.h"
#include "replica.h"

enum { WAIT_MS = 60 * 1000, GLANCE_MS = 300, STEP_MS = 50 };

static bool
is_as_planned(const struct plan *plan, const struct sdr_facts *facts)
{
    sdr_sites to = (sdr_sites)1 << plan->to;

    switch (plan->kind) {
    case PLAN_MOVE:
        return facts->owners == to;
    case PLAN_ADD:
        return (facts->owners & to) != 0;
    case PLAN_HOLD:
        return facts->hold;
    case PLAN_RELEASE:
        return !facts->hold;
    }
    return false;
}

static bool
is_seen(struct sdr_replica *replica, const struct sdr_config *config,
        const struct plan *plan, const struct change *change)
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
           && is_as_planned(plan, &facts);
}

int
wait_for_replica(struct sdr *sdr, const struct plan *plan,
                 const struct changes *changes, bool wait, bool quiet)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    const struct sdr_config *config = sdr_get_config(sdr);
    struct sdr_replica *replica = sdr_replica_new(config);
    int64_t end = sdr_clock() + (wait ? WAIT_MS : GLANCE_MS);
    size_t seen = 0;

    while (replica != NULL && seen < changes->count && sdr_clock() < end) {
        if (is_seen(replica, config, plan, &changes->items[seen]))
            seen++;
        else
            nanosleep(&step, NULL);
    }
    sdr_replica_free(&replica);
    if (seen == changes->count)
        return EX_OK;
    if (!quiet || wait)
        fprintf(stderr,
                "the replica has not seen %zu of %zu yet: until then mail goes "
                "where it went; see sdrctl sync status\n",
                changes->count - seen, changes->count);
    return wait ? EX_TEMPFAIL : EX_OK;
}
