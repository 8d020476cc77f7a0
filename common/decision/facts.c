/* facts.c - see facts.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/facts.h"

bool
sdr_facts_catch_all(const struct sdr_facts *facts, const struct sdr_keys *keys)
{
    return keys->key[facts->key].local[0] == '\0';
}

bool
sdr_facts_has_address(const struct sdr_facts *facts)
{
    return facts->has_routing || facts->in_split || facts->forward;
}

void
sdr_facts_apply(struct sdr_facts *facts, const struct sdr_config *config)
{
    const struct sdr_mapping *mapping =
        &config->directories[facts->directory].mapping;

    facts->routing_wins = mapping->routing_wins;
    facts->contact = mapping->contacts && sdr_facts_has_address(facts);
}

/* Find out where the routing address points, and whether the mapping allows it.
 */
static void
settle_routing(struct sdr_facts *facts, const struct sdr_config *config)
{
    const struct sdr_mapping *mapping =
        &config->directories[facts->directory].mapping;
    const struct sdr_name *name =
        sdr_config_name(config, facts->routing.domain);

    if (facts->has_routing && name == NULL) {
        facts->has_routing = false;
        facts->forward = mapping->outside == SDR_OUTSIDE_REDIRECTS;
        facts->outside = mapping->outside == SDR_OUTSIDE_DEFERS;
    } else if (facts->has_routing && name->kind == SDR_NAME_SPLIT) {
        facts->has_routing = false;
        facts->in_split = mapping->routing_wins || mapping->contacts;
        facts->outside = !facts->in_split;
    } else if (facts->has_routing) {
        facts->routing_site = name->site;
    } else {
        facts->outside =
            facts->outside && mapping->outside != SDR_OUTSIDE_IS_IGNORED;
    }
    sdr_facts_apply(facts, config);
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
        || a->bad_routing != b->bad_routing || a->has_routing != b->has_routing
        || a->in_split != b->in_split || a->forward != b->forward)
        return false;
    return !sdr_facts_has_address(a)
           || sdr_address_same(&a->routing, &b->routing);
}

static bool
is_sound(const struct sdr_facts *facts)
{
    return !facts->foreign_owner && !facts->bad_routing && !facts->outside
           && !facts->disagree;
}

bool
sdr_facts_refers(const struct sdr_facts *facts)
{
    return facts->contact && facts->in_split && facts->by_default
           && is_sound(facts);
}

/* Returns true if CONTACT stands for MAILBOX of another directory: the
 * contact's routing address is in the site that owns the mailbox. */
static bool
means(const struct sdr_facts *contact, const struct sdr_facts *mailbox)
{
    return contact->contact && contact->has_routing && is_sound(contact)
           && is_sound(mailbox) && !sdr_facts_has_address(mailbox)
           && contact->owners == mailbox->owners;
}

/* Merge two entries of different directories if they are the same recipient.
 * Returns true if they were. */
static bool
unite(struct sdr_facts *best, const struct sdr_facts *facts)
{
    bool refers = sdr_facts_refers(best), other = sdr_facts_refers(facts);
    bool hold = best->hold || facts->hold;

    if (best->directory == facts->directory || best->disagree
        || facts->disagree)
        return false;
    if (refers && other)
        best->owners = 0;
    else if (refers || means(best, facts))
        *best = *facts;
    else if (!other && !means(facts, best))
        return false;
    best->hold = hold;
    return true;
}

/* Returns less than 0 if A is stronger, more than 0 if B is. Strengths of
 * different directories are not comparable. */
static int
rank(const struct sdr_facts *a, const struct sdr_facts *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->unreadable != b->unreadable)
        return b->unreadable ? -1 : 1;
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
    else if (order == 0 && !unite(best, facts)
             && (facts->disagree || !agree(best, facts)))
        best->disagree = true;
    *found = true;
}
