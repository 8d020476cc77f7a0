/* facts.h - what the directory says about one recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts are plain values. The facts of several entries are merged into one.
 * Pure functions; any thread.
 */
#ifndef SDR_FACTS_H
#define SDR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/address.h"
#include "config/config.h"
#include "decision/keys.h"

struct sdr_facts {
    unsigned directory; /* index of the directory */
    unsigned key;       /* index of the key that matched */
    unsigned strength;  /* index of the address attribute that matched */
    bool unreadable;    /* the matching value contains more than an address: it
                           may or may not mean this one */
    sdr_sites owners;   /* after settling: empty only if an owner value is
                           unknown, or contacts refer to each other */
    bool hold;
    bool foreign_owner; /* an owner value of no site */
    bool bad_routing;   /* invalid routing address, or several */
    bool outside;       /* the routing address is outside every site */
    bool disagree;      /* another entry of the same rank differs */
    bool by_default;    /* the entry does not name an owner */
    bool has_routing;   /* the routing address is in a site */
    bool in_split;      /* it is in a split domain: another address of the
                           mailbox */
    bool forward;       /* it is outside every site, and mail is sent there */
    bool routing_wins;  /* see struct sdr_mapping */
    bool contact;       /* the entry may be a contact, not a mailbox */
    unsigned routing_site;
    struct sdr_address routing; /* valid if has_routing, in_split or forward */
    char dn[512];               /* truncated if longer: for display only */
};

/* Returns true if the key that matched is the catch-all. */
bool
sdr_facts_catch_all(const struct sdr_facts *facts, const struct sdr_keys *keys);

/* Returns true if there is a routing address: in a site, in a split domain, or
 * outside every site. */
bool
sdr_facts_has_address(const struct sdr_facts *facts);

/* Set routing_wins and contact from the directory's profile. */
void
sdr_facts_apply(struct sdr_facts *facts, const struct sdr_config *config);

/* Returns true if the entry is a contact for a mailbox in another directory:
 * its routing address is in a split domain. */
bool
sdr_facts_refers(const struct sdr_facts *facts);

/* Find the site of the routing address. If the entry names no owner, set the
 * owner to that site or to the directory's default-owner. */
void
sdr_facts_settle(struct sdr_facts *facts, const struct sdr_config *config);

/* Merge the settled FACTS of one more entry into BEST, which is empty if *FOUND
 * is false; sets *FOUND. The stronger key wins; then a readable value; then,
 * within one directory, the stronger attribute. Entries of the same rank that
 * differ set BEST->disagree. A contact in one directory and its mailbox in
 * another count as one entry, the mailbox. */
SDR_PUBLIC void
sdr_facts_merge(struct sdr_facts *best, bool *found,
                const struct sdr_facts *facts);

#endif
