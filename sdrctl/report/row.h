/* row.h - the addresses and entries that a report counts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Rows are small, so that a million fit into memory.
 */
#ifndef SDRCTL_REPORT_ROW_H
#define SDRCTL_REPORT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "decision/facts.h"

struct row {
    char *address;    /* in canonical form */
    uint64_t entry;   /* digest of directory and DN */
    uint64_t routing; /* digest of the routing address */
    sdr_sites owners;
    unsigned short domain;
    unsigned char directory, strength, routing_site;
    bool hold : 1, foreign_owner : 1, bad_routing : 1, outside : 1;
    bool by_default : 1, has_routing : 1, in_split : 1, forward : 1;
    bool contact : 1;
    bool overruled : 1; /* a stronger attribute of another entry has this
                           address */
    bool counts : 1;    /* the first address of the entry in this domain */
    bool leads : 1;     /* the first address of the entry */
};

/* An owner value that matches no site, in an entry with this address. */
struct row_value {
    char *value, *address;
    unsigned directory;
};

/* An address in a value that contains other text. */
struct row_bad_value {
    char *address, *text; /* the text includes the entry */
    unsigned domain;
};

struct rows {
    struct row *items;
    size_t count, room;
    struct row_bad_value *bad_values;
    size_t bad_count, bad_room;
    struct row_value *values;
    size_t value_count, value_room;
    bool no_memory; /* rows are missing */
};

/* Add an address in canonical form ("alice@example.com") of the entry DN, with
 * its settled facts, whose strength is that of the address. Returns false if it
 * finds no recipient of a split domain. An unreadable address is added to
 * bad_values. */
bool
rows_add(struct rows *rows, const struct sdr_config *config,
         const char *address, const struct sdr_facts *facts, const char *dn);

void
rows_add_value(struct rows *rows, unsigned directory, const char *value,
               size_t len, const char *address);

/* Sort by address and by value, set overruled, counts and leads, and drop
 * bad_values whose address another entry has. */
void
rows_sort(struct rows *rows);

/* Set the facts of a row for sdr_facts_merge(). */
void
row_facts(const struct row *row, struct sdr_facts *facts);

void
rows_clear(struct rows *rows);

#endif
