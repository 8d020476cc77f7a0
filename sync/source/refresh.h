/* refresh.h - storing what a method reads
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A method (syncrepl, ldif) adds what it reads, in any order. It is collected
 * in batches, and after a full read the entries that were not seen are removed.
 * worker_outcome() reports losses. Before each commit the server must prove
 * again that it shows everything. Used by one thread.
 */
#ifndef SYNC_REFRESH_H
#define SYNC_REFRESH_H

#include <stdbool.h>
#include <stddef.h>

#include "store/batch.h"
#include "source/proof.h"
#include "store/entry_set.h"
#include "status.h"
#include "store/store.h"
#include "source/worker.h"

struct refresh {
    struct worker *worker;
    struct proof *proof; /* NULL: no server to ask, or not yet */
    struct batch batch;
    struct entry_set seen;
};

/* Begin a refresh; there is nothing to free yet. PROOF is borrowed. */
void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof);

/* Add an entry after entry_end(); takes over its octets. Returns SDR_OK; or
 * SDR_TEMPFAIL with the reason: the caller must abandon the refresh with
 * refresh_clear(). */
enum sdr_status SDR_MUST_USE
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error);

/* Add an entry that exists and has not changed. Returns as refresh_entry(). */
enum sdr_status SDR_MUST_USE
refresh_present(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* Add an entry that no longer exists. Returns as refresh_entry(). */
enum sdr_status SDR_MUST_USE
refresh_deleted(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* Commit everything with MARK, when the read is complete. If SWEPT, entries
 * that were not seen count as deleted. Clears the refresh. Returns as
 * refresh_entry(). */
enum sdr_status SDR_MUST_USE
refresh_end(struct refresh *refresh, bool swept, const struct store_mark *mark,
            struct sdr_error *error);

/* Abandon the refresh: nothing is removed. */
void
refresh_clear(struct refresh *refresh);

#endif
