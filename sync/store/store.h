/* store.h - the replica's writer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only writer. A commit contains changes and the state after them,
 * including the directory's cookie: after a crash both are stored or neither.
 * Any thread; one commits at a time.
 *
 * Removals are not trusted blindly, see guard.h: until the directory has been
 * read completely, and while too much would be lost, readers see the entry as
 * it was.
 */
#ifndef SYNC_STORE_H
#define SYNC_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/batch.h"
#include "config/config.h"
#include "replica/record.h"
#include "store/entry_set.h"
#include "status.h"
#include "store/mark.h"

struct store;

/* Open the file of config->replica, made if it is not there, and make it one of
 * this configuration: the copies of directories that were read under another
 * are dropped. The configuration is borrowed. SDR_TEMPFAIL with the reason: it
 * cannot be written, or another process does. */
enum sdr_status SDR_MUST_USE
store_open(struct store **store, const struct sdr_config *config,
           struct sdr_error *error);

/* Close the store and set the pointer to NULL. Does nothing if it is NULL. */
void
store_close(struct store **store);

/* The position after the last commit: the cookie, and the server that issued
 * it. */
struct store_position {
    size_t cookie_len; /* 0: none, or no longer valid */
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

/* How it is with losses and moves after a commit. */
struct store_outcome {
    uint64_t entries;
    uint64_t held;             /* withheld now */
    uint32_t holding;          /* SDR_RECORD_HOLDS_...: they are too many */
    uint64_t lost, moving, of; /* counted, including recent releases */
    uint64_t mass_move;        /* size of a new mass move; 0: none */
};

/* Commit the changes and the mark; OUTCOME may be NULL. SDR_TEMPFAIL with the
 * reason: nothing of them is committed. */
enum sdr_status SDR_MUST_USE
store_commit(struct store *store, unsigned directory, const struct batch *batch,
             const struct store_mark *mark, struct store_outcome *outcome,
             struct sdr_error *error);

/* Add a deletion to the batch for each entry that was not seen. */
enum sdr_status SDR_MUST_USE
store_sweep(struct store *store, unsigned directory,
            const struct entry_set *seen, struct batch *batch,
            struct sdr_error *error);

/* The ids of the first entries, *COUNT of them, no more than MOST. */
enum sdr_status SDR_MUST_USE
store_sample(struct store *store, unsigned directory,
             unsigned char (*ids)[SDR_RECORD_ID_SIZE], unsigned most,
             unsigned *count, struct sdr_error *error);

/* Accept the changes that are held back, if there are at most LIMIT entries. */
enum sdr_status SDR_MUST_USE
store_accept(struct store *store, unsigned directory, uint64_t limit,
             struct store_outcome *outcome, struct sdr_error *error);

/* Keep an error for those who ask how it goes; NULL: it is over. */
void
store_note(struct store *store, unsigned directory, const char *error);

/* True if what was there was damaged or of another version, so that it was
 * thrown away. */
bool
store_was_made_anew(const struct store *store);

/* True if it has to be reopened: the file was removed, or it was found to be
 * damaged, and has been taken away. */
bool
store_is_lost(struct store *store);

/* Free the slots of dead readers. */
void
store_tidy(struct store *store);

#endif
