/* file.h - the replica's file, open for reading
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Opens the file when it exists, checks every second whether it was replaced,
 * and provides read transactions and the pages to read in them, to any number
 * of threads, and to children after fork(). A file that must not be read is not
 * opened; the error has the reason.
 */
#ifndef SDR_REPLICA_FILE_H
#define SDR_REPLICA_FILE_H

#include <lmdb.h>

#include "replica/lmdb_pages.h"
#include "replica/record.h"
#include "status.h"

struct sdr_replica_file;

/* Data that is valid until the next commit: the location of the tables, and the
 * state of one directory's copy. */
struct sdr_replica_known {
    size_t commit; /* mdb_txn_id() of the data; 0: none */
    struct sdr_lmdb_tree addresses, entries, meta;
    bool has_state;
    unsigned directory;
    struct sdr_record_state state;
};

/* What a reader has between sdr_replica_begin() and sdr_replica_end(). */
struct sdr_replica_view {
    const struct sdr_lmdb_pages *pages;
    uint64_t number;                 /* of the file, for its checksums */
    struct sdr_replica_known *known; /* the reader may change it */
    struct sdr_replica_reader *reader;
};

/* Returns the object for the file at PATH, which is copied. All callers with
 * the same path share one object. Does not open the file yet. Returns NULL
 * without memory. */
struct sdr_replica_file *
sdr_replica_file_new(const char *path) SDR_MUST_USE;

/* Release the object and set the pointer to NULL. Does nothing if it is NULL.
 * The last release closes the file: no thread may be reading. */
void
sdr_replica_file_free(struct sdr_replica_file **file);

/* Begin to read the current snapshot. Returns SDR_OK: the same thread must end
 * it soon. Or SDR_TEMPFAIL with the reason. Allocates memory only if more
 * threads read at the same time than ever before. */
enum sdr_status SDR_MUST_USE
sdr_replica_begin(struct sdr_replica_file *file, struct sdr_replica_view *view,
                  struct sdr_error *error);

/* End the snapshot: all data that was read from it becomes invalid. */
void
sdr_replica_end(struct sdr_replica_file *file, struct sdr_replica_view *view);

#endif
