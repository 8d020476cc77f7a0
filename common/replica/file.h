/* file.h - the file of the replica, open for reading
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Opens it when it is there, looks every second whether it is still the same,
 * and gives out read transactions, with the pages to read in them: to any
 * number of threads, and to children after fork(). What must not be read is not
 * open, with the reason.
 */
#ifndef SDR_REPLICA_FILE_H
#define SDR_REPLICA_FILE_H

#include <lmdb.h>

#include "replica/lmdb_pages.h"
#include "replica/record.h"
#include "status.h"

struct sdr_replica_file;

/* What is good until the next commit: where the tables are, and the state of
 * one directory's copy. */
struct sdr_replica_known {
    size_t commit; /* mdb_txn_id() when it was read; 0: never */
    struct sdr_lmdb_tree addresses, entries, meta;
    bool has_state;
    unsigned directory;
    struct sdr_record_state state;
};

/* What a reader holds between begin and end. */
struct sdr_replica_view {
    const struct sdr_lmdb_pages *pages;
    uint64_t number;                 /* of the file: for its seals */
    struct sdr_replica_known *known; /* the reader's to use */
    struct sdr_replica_reader *reader;
};

/* The object for the file at PATH, which is copied; all who want the same file
 * have the same. Opens nothing yet. NULL without memory. */
struct sdr_replica_file *
sdr_replica_file_new(const char *path) SDR_MUST_USE;

/* Give it back and set the pointer to NULL; NULL is fine. The last one closes
 * it: no thread may be reading. */
void
sdr_replica_file_free(struct sdr_replica_file **file);

/* Begin to read what is committed now. Returns SDR_OK: to be ended soon, by the
 * same thread. Or SDR_TEMPFAIL with the reason. Allocates nothing, once as many
 * threads as now have read at the same time. */
enum sdr_status SDR_MUST_USE
sdr_replica_begin(struct sdr_replica_file *file, struct sdr_replica_view *view,
                  struct sdr_error *error);

/* End it: nothing that was read from it is there any more. */
void
sdr_replica_end(struct sdr_replica_file *file, struct sdr_replica_view *view);

#endif
