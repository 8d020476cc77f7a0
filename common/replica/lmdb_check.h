/* lmdb_check.h - check that an LMDB file is consistent
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB trusts its pages, see lmdb_pages.h. So before a writer uses a file, the
 * whole file is checked, while there is no other writer: each page is used once
 * or free, each tree is sorted and as large as it says. int results are LMDB's.
 */
#ifndef SDR_PAGES_CHECK_H
#define SDR_PAGES_CHECK_H

#include "replica/lmdb_pages.h"

/* A named tree of the file, and the function to call for each of its rows. ROW
 * returns 0 to continue. */
struct sdr_lmdb_pages_row {
    const char *name;
    int (*row)(void *arg, const MDB_val *key, const MDB_val *value);
    void *arg;
};

/* Set the page size and find the snapshot that a writer would start with.
 * Returns 0; MDB_INVALID if this is not an LMDB file; MDB_CORRUPTED if it is
 * truncated, or one of its two meta pages is damaged. */
int
sdr_lmdb_pages_last(struct sdr_lmdb_pages *pages, size_t *transaction,
                    struct sdr_lmdb_tree *main);

/* Check all pages of the snapshot, and call the functions for its rows. ROWS
 * ends with a NULL name. Returns MDB_INCOMPATIBLE if the file has a tree that
 * is not in ROWS. */
int
sdr_lmdb_pages_check(const struct sdr_lmdb_pages *pages, size_t transaction,
                     const struct sdr_lmdb_pages_row *rows);

#endif
