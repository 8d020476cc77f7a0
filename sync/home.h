/* home.h - the replica's file, open for writing
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Knows what LMDB wants of its files: who may write, who may read, what to do
 * with one that is damaged, and how it grows.
 */
#ifndef SYNC_HOME_H
#define SYNC_HOME_H

#include <stdbool.h>

#include <lmdb.h>

#include "status.h"

struct home {
    int fd; /* locked, as long as we are the writer; -1: not open */
    MDB_env *env;
    MDB_dbi addresses, entries, held, meta;
};

/* Open the file at PATH; made if it is not there, and made anew if it is ours
 * but damaged or of another version. SDR_TEMPFAIL with the reason; then nothing
 * is open. May take two seconds. */
enum sdr_status SDR_MUST_USE
home_open(struct home *home, const char *path, struct sdr_error *error);

/* What a result of LMDB's means. */
const char *
home_explain(int rc);

/* True if this result of LMDB's says that the file is good for nothing. */
bool
home_is_damaged(int rc);

/* True if the file that is open is the one at PATH. */
bool
home_is_there(const struct home *home, const char *path);

/* Close it; harmless if it is not open. */
void
home_close(struct home *home);

/* Make room for more. No transaction may be open. Returns as LMDB does. */
int
home_grow(struct home *home);

#endif
