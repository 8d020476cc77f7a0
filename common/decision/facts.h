/* facts.h - what the directory says about one recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts are plain values. The facts of several entries are merged into those
 * that count. Pure functions; any thread.
 */
#ifndef SDR_FACTS_H
#define SDR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "decision/address.h"
#include "config/config.h"
#include "decision/keys.h"

struct sdr_facts {
    unsigned directory; /* index of the one that said so */
    unsigned key;       /* index of the key that matched */
    unsigned strength;  /* index of the address attribute that matched */
    bool unreadable;  /* matched by a value that is more than an address: it may
                         mean this address or not */
    sdr_sites owners; /* after settling: empty only if something is wrong, or
                         contacts refer to each other */
    bool hold;
    bool foreign_owner; /* an owner value that no site answers to */
    bool bad_routing;   /* a routing address that is none, or several */
    bool outside;       /* a routing address outside every site */
    bool disagree;      /* another entry of the same rank says otherwise */
    bool by_default;    /* nothing in the entry names an owner */
    bool has_routing;   /* a routing address in a site */
    bool in_split;      /* one in a split domain: another name of the mailbox */
    bool forward;       /* one outside every site, where the mail goes */
    bool routing_wins;  /* see struct sdr_mapping */
    bool contact;       /* the entry may be a contact, not a mailbox */
    unsigned routing_site;
    struct sdr_address routing; /* if there is one of these three kinds */
    char dn[512];               /* cut if longer: it is shown, never used */
};

/* True if the catch-all is what matched. */
bool
sdr_facts_catch_all(const struct sdr_facts *facts, const struct sdr_keys *keys);

/* True if there is a routing address of any of the three kinds. */
bool
sdr_facts_has_address(const struct sdr_facts *facts);

/* Set routing_wins and contact, by the directory's profile. */
void
sdr_facts_apply(struct sdr_facts *facts, const struct sdr_config *config);

/* True if the entry is a contact for a mailbox in another directory: its
 * routing address is in a split domain. */
bool
sdr_facts_refers(const struct sdr_facts *facts);

/* Find the site of the routing address and, if no owner is named, the owner:
 * that site, or the directory's default-owner. */
void
sdr_facts_settle(struct sdr_facts *facts, const struct sdr_config *config);

/* Merge the settled FACTS of one more entry into BEST, which counts as empty if
 * *FOUND is false; sets *FOUND. The stronger key wins; then a readable value;
 * then, within one directory, the stronger attribute. Entries of the same rank
 * that differ set BEST->disagree. A contact in one directory and its mailbox in
 * another count as one: the mailbox. */
SDR_PUBLIC void
sdr_facts_merge(struct sdr_facts *best, bool *found,
                const struct sdr_facts *facts);

#endif
