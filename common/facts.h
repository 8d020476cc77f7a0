/* facts.h - what the directory says of one recipient, brought to one form
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts are values; those of several entries are merged into the facts that
 * count. Pure functions.
 */
#ifndef SDR_FACTS_H
#define SDR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "config.h"

/* The keys of a recipient, strongest first: the full address, the one without
 * its extension if it has any, the catch-all (empty local part). */
#define SDR_KEYS_MAX 3
struct sdr_keys {
    unsigned count;
    struct sdr_address key[SDR_KEYS_MAX];
};

struct sdr_facts {
    unsigned directory; /* index of the one that said so */
    unsigned key;       /* index of the key that matched */
    unsigned strength;  /* index of the address attribute that matched */
    sdr_sites owners;   /* after settling: empty only if something is wrong */
    bool hold;
    bool foreign_owner; /* an owner value that no site answers to */
    bool bad_routing;   /* a routing address that is none, or several */
    bool outside;       /* a routing address outside every site */
    bool disagree;      /* another entry of the same rank says otherwise */
    bool by_default;    /* nothing in the entry says whose it is */
    bool has_routing;
    bool routing_wins; /* see struct sdr_mapping */
    unsigned routing_site;
    struct sdr_address routing;
    char dn[512]; /* cut if longer: it is shown, never used */
};

/* True if the catch-all is what matched. */
bool
sdr_facts_catch_all(const struct sdr_facts *facts, const struct sdr_keys *keys);

/* Find the site of the routing address and, where no owner is named, the
 * owner: that site, or the directory's default-owner. */
void
sdr_facts_settle(struct sdr_facts *facts, const struct sdr_config *config);

/* Merge settled FACTS of one more entry into BEST, which is taken as empty if
 * *found is false. The stronger key wins; within one directory then the
 * stronger attribute; equals that differ set BEST->disagree. */
SDR_PUBLIC void
sdr_facts_merge(struct sdr_facts *best, bool *found,
                const struct sdr_facts *facts);

#endif
