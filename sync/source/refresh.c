/* refresh.c - see refresh.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/refresh.h"

#include <string.h>

/* The most changes in one commit. */
enum { BATCH_MAX = 2000 };

void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof)
{
    memset(refresh, 0, sizeof *refresh);
    refresh->worker = worker;
    refresh->proof = proof;
}

void
refresh_clear(struct refresh *refresh)
{
    batch_clear(&refresh->batch);
    entry_set_clear(&refresh->seen);
}

static enum sdr_status
no_memory(struct sdr_error *error)
{
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

static enum sdr_status
commit(struct refresh *refresh, const struct store_mark *mark,
       struct sdr_error *error)
{
    struct worker *worker = refresh->worker;
    struct store_outcome outcome;
    enum sdr_status status;

    if (refresh->proof != NULL && proof_again(refresh->proof, error) != SDR_OK)
        return SDR_TEMPFAIL;
    batch_settle(&refresh->batch);
    status = store_commit(worker->store, worker->directory, &refresh->batch,
                          mark, &outcome, error);
    batch_clear(&refresh->batch);
    if (status == SDR_OK && mark->stage != STORE_MIDDLE)
        worker_outcome(worker, &outcome);
    return status;
}

static enum sdr_status
commit_if_full(struct refresh *refresh, struct sdr_error *error)
{
    static const struct store_mark more = {.stage = STORE_MIDDLE};

    return refresh->batch.count < BATCH_MAX ? SDR_OK
                                            : commit(refresh, &more, error);
}

static void
log_bad_values(struct worker *worker, const struct entry *entry)
{
    char text[1024];

    switch (bad_values_add(&worker->bad_values, entry, text, sizeof text)) {
    case BAD_VALUES_NONE:
        return;
    case BAD_VALUES_NEW:
        worker_warn(
            worker,
            "an address is in a value that is not just an address; mail for it "
            "is deferred unless another value is that address: %s",
            text);
        return;
    case BAD_VALUES_MORE:
        worker_warn(worker, "more such values: see sdrctl report");
        return;
    }
}

enum sdr_status
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error)
{
    log_bad_values(refresh->worker, entry);
    if (!entry_set_add(&refresh->seen, entry->id)
        || !batch_put(&refresh->batch, entry))
        return no_memory(error);
    return commit_if_full(refresh, error);
}

enum sdr_status
refresh_present(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error)
{
    return entry_set_add(&refresh->seen, id) ? SDR_OK : no_memory(error);
}

enum sdr_status
refresh_deleted(struct refresh *refresh,
                const unsigned char id[SDR_RECORD_ID_SIZE],
                struct sdr_error *error)
{
    if (!batch_delete(&refresh->batch, id))
        return no_memory(error);
    return commit_if_full(refresh, error);
}

static enum sdr_status
sweep(struct refresh *refresh, struct sdr_error *error)
{
    entry_set_sort(&refresh->seen);
    return store_sweep(refresh->worker->store, refresh->worker->directory,
                       &refresh->seen, &refresh->batch, error);
}

enum sdr_status
refresh_end(struct refresh *refresh, bool swept, const struct store_mark *mark,
            struct sdr_error *error)
{
    enum sdr_status status = swept ? sweep(refresh, error) : SDR_OK;

    if (status == SDR_OK)
        status = commit(refresh, mark, error);
    refresh_clear(refresh);
    return status;
}
