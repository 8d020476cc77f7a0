/* lmdb_pages.h - the pages of an LMDB file, read with distrust
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB believes its pages: on one that was damaged it reads somewhere, asserts,
 * or goes where an old page leads it, and readers live inside mail servers. So
 * they have LMDB's transactions, for which nothing is written over that they
 * can see, but step down the tree themselves: each page must be the one that it
 * says it is, and each node lie within its page. What is found is not proven to
 * be what was written: see checksum.h.
 *
 * The format is that of LMDB 0.9 (MDB_DATA_VERSION 1), in the machine's order.
 * Pure functions of a mapped file; int results are LMDB's: 0, MDB_NOTFOUND,
 * MDB_CORRUPTED, or MDB_INCOMPATIBLE where a value is a tree or a tree none.
 */
#ifndef SDR_LMDB_PAGES_H
#define SDR_LMDB_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <lmdb.h>

#include "replica/lmdb_page.h"

/* What LMDB may have chosen for the size of its pages. */
bool
sdr_lmdb_pages_size_is_sane(size_t size);

/* The tree of the trees' names in the snapshot of this transaction. MDB_BAD_TXN
 * if the writer has written over where it begins: then take a new one.
 * MDB_MAP_RESIZED if the file has grown beyond the map. */
int
sdr_lmdb_pages_main(const struct sdr_lmdb_pages *pages, size_t transaction,
                    struct sdr_lmdb_tree *main);

/* The one of this name. */
int
sdr_lmdb_pages_tree(const struct sdr_lmdb_pages *pages,
                    const struct sdr_lmdb_tree *main, const char *name,
                    struct sdr_lmdb_tree *tree);

/* The octets are the map's. */
int
sdr_lmdb_pages_get(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_tree *tree, const MDB_val *key,
                   MDB_val *value);

/* The first key that is behind KEY. */
int
sdr_lmdb_pages_behind(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value);

/* The last key that is before KEY. */
int
sdr_lmdb_pages_before(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value);

#endif
