/* lmdb_check.h - is an LMDB file what LMDB would have written?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * LMDB believes its pages, see lmdb_pages.h; so before a writer trusts a file
 * all of it is looked at, while nobody writes: each page is used once or free,
 * each tree in order and as large as it says. int results are LMDB's.
 */
#ifndef SDR_PAGES_CHECK_H
#define SDR_PAGES_CHECK_H

#include "replica/lmdb_pages.h"

/* One of the file's own trees, and the function called with each of its rows:
 * ROW returns 0 to go on. */
struct sdr_lmdb_pages_row {
    const char *name;
    int (*row)(void *arg, const MDB_val *key, const MDB_val *value);
    void *arg;
};

/* Set the size of the pages and find the snapshot that a writer would begin
 * with. MDB_INVALID: it does not begin as LMDB's files do; MDB_CORRUPTED: it is
 * cut short, or one of its two beginnings is damaged. */
int
sdr_lmdb_pages_last(struct sdr_lmdb_pages *pages, size_t *transaction,
                    struct sdr_lmdb_tree *main);

/* Look at all pages of the snapshot, and hand the rows on. ROWS ends with a
 * name that is NULL; a tree that is not among them is MDB_INCOMPATIBLE. */
int
sdr_lmdb_pages_check(const struct sdr_lmdb_pages *pages, size_t transaction,
                     const struct sdr_lmdb_pages_row *rows);

#endif
