/* store.h - the replica's file, written
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only writer. A commit holds changes and what is known after them, the
 * directory's cookie among it: after a crash both are there or neither. Any
 * thread; one commits at a time.
 *
 * Changes that take away are not trusted blindly, see guard.h: until the
 * directory has told enough, and for as long as too much would be lost, the
 * entry stays as it was in what readers see.
 */
#ifndef SYNC_STORE_H
#define SYNC_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "batch.h"
#include "config.h"
#include "record.h"
#include "seen.h"
#include "status.h"

struct store;

/* Open the file of config->replica, made if it is not there, and make it one of
 * this configuration: the copies of directories that were read under another
 * are dropped. The configuration is borrowed. SDR_TEMPFAIL with the reason: it
 * cannot be written, or another process does. */
enum sdr_status SDR_MUST_USE
store_open(struct store **store, const struct sdr_config *config,
           struct sdr_error *error);

/* Close it and set the pointer to NULL; NULL is fine. */
void
store_close(struct store **store);

/* The longest cookie that is kept. */
#define STORE_COOKIE_MAX 8192

/* What the last commits left of the directory: its cookie, and the server that
 * gave it. */
struct store_position {
    size_t cookie_len; /* 0: there is none, or it counts no more */
    unsigned char cookie[STORE_COOKIE_MAX];
    char server[256];
    bool complete;
    int64_t refreshed; /* time of the last full read; 0: never */
};

enum sdr_status SDR_MUST_USE
store_position(struct store *store, unsigned directory,
               struct store_position *position, struct sdr_error *error);

/* What the file says of the copy of the directory; empty if there is none. */
enum sdr_status SDR_MUST_USE
store_look(struct store *store, unsigned directory,
           struct sdr_record_state *state, struct sdr_record_status *status,
           struct sdr_error *error);

/* How much of the truth the changes are. */
enum store_stage {
    STORE_MIDDLE, /* more of this read comes: nothing is lost yet */
    STORE_FULL,   /* end of a full read */
    STORE_CHANGES /* end of a read of changes, or one as it happens */
};

/* What is known besides. */
struct store_mark {
    enum store_stage stage;
    const char *method; /* NULL: as it was, and FROM_A_FILE too */
    const char *server; /* NULL: as it was */
    const void *cookie; /* NULL: as it was */
    size_t cookie_len;  /* 0 with a cookie: forget it */
    time_t contact;     /* the copy was up to date then; 0: as it was */
    bool from_a_file;
};

/* How it is with losses after a commit. */
struct store_outcome {
    uint64_t entries;
    uint64_t held; /* now put aside */
    bool holding;  /* they are too many */
};

/* Commit the changes and the mark; OUTCOME may be NULL. SDR_TEMPFAIL with the
 * reason: nothing of them is committed. */
enum sdr_status SDR_MUST_USE
store_commit(struct store *store, unsigned directory, const struct batch *batch,
             const struct store_mark *mark, struct store_outcome *outcome,
             struct sdr_error *error);

/* Add a deletion to the batch for each entry that was not seen. */
enum sdr_status SDR_MUST_USE
store_sweep(struct store *store, unsigned directory, const struct seen *seen,
            struct batch *batch, struct sdr_error *error);

/* Take what is held back as the truth, if it is no more than LIMIT entries. */
enum sdr_status SDR_MUST_USE
store_accept(struct store *store, unsigned directory, uint64_t limit,
             struct store_outcome *outcome, struct sdr_error *error);

/* Keep an error for those who ask how it goes; NULL: it is over. */
void
store_note(struct store *store, unsigned directory, const char *error);

/* True if it has to be opened anew: somebody has taken the file away, or it was
 * found to be damaged, and has been taken away. */
bool
store_is_lost(struct store *store);

/* Take away what dead readers left behind. */
void
store_tidy(struct store *store);

#endif
