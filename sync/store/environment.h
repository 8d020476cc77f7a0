/* environment.h - the replica's file, open for writing
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Handles what LMDB needs: permissions, locking, damaged files, and growth.
 */
#ifndef SYNC_ENVIRONMENT_H
#define SYNC_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <lmdb.h>

#include "status.h"

struct environment {
    int fd; /* locked, as long as we are the writer; -1: not open */
    MDB_env *env;
    MDB_dbi addresses, entries, held, meta;
    uint64_t number; /* of the file, see struct sdr_record_format */
    bool made_anew;  /* the old file was damaged, or of another version */
};

/* Open the file at PATH; made if it does not exist, and rebuilt if it is ours
 * but damaged or of another version. SDR_TEMPFAIL with the reason; then nothing
 * is open. May take two seconds. */
enum sdr_status SDR_MUST_USE
environment_open(struct environment *environment, const char *path,
                 struct sdr_error *error);

/* Returns the meaning of an LMDB result. */
const char *
environment_explain(int rc);

/* Returns true if this LMDB result means that the file is damaged beyond use.
 */
bool
environment_is_damaged(int rc);

/* Returns true if the open file is still the one at PATH. */
bool
environment_is_there(const struct environment *environment, const char *path);

/* Close the environment. Does nothing if it is not open. */
void
environment_close(struct environment *environment);

/* Double the size of the map. No transaction may be open. Returns an LMDB
 * result. */
int
environment_grow(struct environment *environment);

#endif
