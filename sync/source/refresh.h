/* refresh.h - from what a method reads of a directory to the store
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A method (syncrepl, ldif) hands over what it reads, in any order; it is
 * gathered into batches here, and after a full read the entries that were not
 * met are removed. worker_outcome() reports losses. Before anything is
 * committed the server has to prove again that it shows all of it. Used by one
 * thread.
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
    struct proof *proof; /* NULL: there is no server to ask, or not yet */
    struct batch batch;
    struct entry_set seen;
};

/* Begin a refresh; there is nothing to free yet. PROOF is borrowed. */
void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof);

/* Add an entry that has ended; takes its octets. SDR_TEMPFAIL with the reason:
 * the caller must give up the refresh with refresh_clear(). */
enum sdr_status SDR_MUST_USE
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error);

/* Add an entry that exists and has not changed. Results as above. */
enum sdr_status SDR_MUST_USE
refresh_present(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* Add an entry that no longer exists. Results as above. */
enum sdr_status SDR_MUST_USE
refresh_deleted(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* The read is complete, and MARK applies: commit everything; if SWEPT, entries
 * that were not met count as deleted. Results as above; the refresh is cleared.
 */
enum sdr_status SDR_MUST_USE
refresh_end(struct refresh *refresh, bool swept, const struct store_mark *mark,
            struct sdr_error *error);

/* Abandon the refresh: nothing is removed. */
void
refresh_clear(struct refresh *refresh);

#endif
