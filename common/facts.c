/* facts.c - see facts.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "facts.h"

bool
sdr_facts_catch_all(const struct sdr_facts *facts, const struct sdr_keys *keys)
{
    return keys->key[facts->key].local[0] == '\0';
}

static void
settle_routing(struct sdr_facts *facts, const struct sdr_config *config)
{
    const struct sdr_mapping *mapping =
        &config->directories[facts->directory].mapping;
    const struct sdr_name *name =
        sdr_config_name(config, facts->routing.domain);

    facts->routing_wins = mapping->routing_wins;
    if (facts->has_routing && name != NULL && name->kind != SDR_NAME_SPLIT) {
        facts->routing_site = name->site;
    } else if (facts->has_routing) {
        facts->has_routing = false;
        facts->outside = true;
    }
    facts->outside = facts->outside && !mapping->routing_outside_ok;
}

void
sdr_facts_settle(struct sdr_facts *facts, const struct sdr_config *config)
{
    settle_routing(facts, config);
    facts->by_default =
        facts->owners == 0 && !facts->foreign_owner && !facts->has_routing;
    if (facts->owners != 0 || facts->foreign_owner)
        return;
    if (facts->has_routing)
        facts->owners = (sdr_sites)1 << facts->routing_site;
    else
        facts->owners = (sdr_sites)1
                        << config->directories[facts->directory].default_owner;
}

static bool
agree(const struct sdr_facts *a, const struct sdr_facts *b)
{
    if (a->owners != b->owners || a->hold != b->hold
        || a->foreign_owner != b->foreign_owner || a->outside != b->outside
        || a->bad_routing != b->bad_routing || a->has_routing != b->has_routing)
        return false;
    return !a->has_routing || sdr_address_same(&a->routing, &b->routing);
}

/* Below 0: A is the stronger; above: B. Strengths of different directories say
 * nothing about each other. */
static int
rank(const struct sdr_facts *a, const struct sdr_facts *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->directory != b->directory || a->strength == b->strength)
        return 0;
    return a->strength < b->strength ? -1 : 1;
}

void
sdr_facts_merge(struct sdr_facts *best, bool *found,
                const struct sdr_facts *facts)
{
    int order = *found ? rank(best, facts) : 1;

    if (order > 0)
        *best = *facts;
    else if (order == 0 && (facts->disagree || !agree(best, facts)))
        best->disagree = true;
    *found = true;
}
