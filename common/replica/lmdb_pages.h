/* lmdb_pages.h - reading an LMDB file without trusting its pages
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB trusts its pages: if one is damaged, it reads out of bounds, asserts, or
 * follows a pointer to an old page, and readers live inside mail servers. So
 * they use LMDB's transactions, which keep the pages of their snapshot from
 * being overwritten, but walk the tree themselves: each page must have the
 * expected number, and each node must lie within its page. This does not prove
 * that the data is what was written: see checksum.h.
 *
 * The format is that of LMDB 0.9 (MDB_DATA_VERSION 1), in host byte order. Pure
 * functions of a mapped file. int results are LMDB's: 0, MDB_NOTFOUND,
 * MDB_CORRUPTED, or MDB_INCOMPATIBLE if a value is a tree, or the reverse.
 */
#ifndef SDR_LMDB_PAGES_H
#define SDR_LMDB_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <lmdb.h>

#include "replica/lmdb_page.h"

/* Returns true if LMDB may use this page size. */
bool
sdr_lmdb_pages_size_is_sane(size_t size);

/* Find the main tree, which names the other trees, in the snapshot of this
 * transaction. Returns MDB_BAD_TXN if the writer has overwritten its meta page:
 * then begin a new transaction. Returns MDB_MAP_RESIZED if the file has grown
 * beyond the map. */
int
sdr_lmdb_pages_main(const struct sdr_lmdb_pages *pages, size_t transaction,
                    struct sdr_lmdb_tree *main);

/* Find the tree NAME. */
int
sdr_lmdb_pages_tree(const struct sdr_lmdb_pages *pages,
                    const struct sdr_lmdb_tree *main, const char *name,
                    struct sdr_lmdb_tree *tree);

/* Look up KEY. VALUE points into the map. */
int
sdr_lmdb_pages_get(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_tree *tree, const MDB_val *key,
                   MDB_val *value);

/* Find the first key after KEY. */
int
sdr_lmdb_pages_behind(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value);

/* Find the last key before KEY. */
int
sdr_lmdb_pages_before(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value);

#endif
