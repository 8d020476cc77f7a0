/* report_row.h - addresses and the entries that have them, to be counted
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Small enough that a million fit into memory.
 */
#ifndef SDRCTL_REPORT_ROW_H
#define SDRCTL_REPORT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "facts.h"

struct row {
    char *address;    /* as it is compared */
    uint64_t entry;   /* a digest of directory and name */
    uint64_t routing; /* a digest of the routing address */
    sdr_sites owners;
    unsigned short domain;
    unsigned char directory, strength, routing_site;
    bool hold : 1, foreign_owner : 1, bad_routing : 1, outside : 1;
    bool by_default : 1, has_routing : 1;
    bool overruled : 1; /* it is not found by this address, another one is */
    bool counts : 1;    /* the first of the entry in the domain */
    bool leads : 1;     /* the first of the entry */
};

/* An owner value that no site answers to, in an entry with this address. */
struct row_value {
    char *value, *address;
    unsigned directory;
};

struct rows {
    struct row *items;
    size_t count, room;
    struct row_value *values;
    size_t value_count, value_room;
    bool no_memory; /* something is missing */
};

/* Add an address ("alice@example.com", as it is compared) with settled facts,
 * whose strength is that of the address, of the entry DN. False if it is not
 * one by which a recipient of a split domain is found. */
bool
rows_add(struct rows *rows, const struct sdr_config *config,
         const char *address, const struct sdr_facts *facts, const char *dn);

void
rows_add_value(struct rows *rows, unsigned directory, const char *value,
               size_t len, const char *address);

/* Sort by address and value, and mark what is overruled, counts, and leads. */
void
rows_sort(struct rows *rows);

/* The facts of a row, as far as it has them, for sdr_facts_merge(). */
void
row_facts(const struct row *row, struct sdr_facts *facts);

void
rows_clear(struct rows *rows);

#endif
