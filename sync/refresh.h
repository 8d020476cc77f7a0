/* refresh.h - what a method reads of a directory, put into the store
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A method (syncrepl, ldif) tells what it meets, in any order; here it is
 * gathered into batches, and after a full read what was not met is swept. What
 * becomes of losses is said by worker_outcome(). Before anything is committed
 * the server has to prove again that it shows all of it. Used by one thread.
 */
#ifndef SYNC_REFRESH_H
#define SYNC_REFRESH_H

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"
#include "proof.h"
#include "seen.h"
#include "status.h"
#include "store.h"
#include "worker.h"

struct refresh {
    struct worker *worker;
    struct proof *proof; /* NULL: there is nobody to ask, or not yet */
    struct batch batch;
    struct seen seen;
};

/* Begin; nothing to free yet. The PROOF is borrowed. */
void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof);

/* An entry, which has ended; its octets are taken. SDR_TEMPFAIL with the
 * reason: the refresh has to be given up, with refresh_clear(). */
enum sdr_status SDR_MUST_USE
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error);

/* An entry that is there and has not changed. Results as above. */
enum sdr_status SDR_MUST_USE
refresh_present(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* An entry that is no more. Results as above. */
enum sdr_status SDR_MUST_USE
refresh_deleted(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error);

/* The read is complete, and the MARK holds: commit all, and if SWEPT, take what
 * was not met for deleted. Results as above; the refresh is cleared. */
enum sdr_status SDR_MUST_USE
refresh_end(struct refresh *refresh, bool swept, const struct store_mark *mark,
            struct sdr_error *error);

/* Give up: nothing is swept. */
void
refresh_clear(struct refresh *refresh);

#endif
