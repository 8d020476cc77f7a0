/* metrics.c - see metrics.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "metrics.h"

#include <stdlib.h>

#include "prometheus.h"
#include "replica/record.h"

struct copy {
    struct sdr_record_state state;
    struct sdr_record_status status;
};

struct copies {
    const struct sdr_config *config;
    struct copy *each; /* one for each directory */
};

static double
entries(const struct copy *copy)
{
    return (double)copy->state.entries;
}

static double
complete(const struct copy *copy)
{
    return copy->state.complete;
}

static double
contact(const struct copy *copy)
{
    return (double)copy->state.contact;
}

static double
refreshed(const struct copy *copy)
{
    return (double)copy->status.refreshed;
}

static double
changed(const struct copy *copy)
{
    return (double)copy->status.changed;
}

static double
generation(const struct copy *copy)
{
    return (double)copy->status.generation;
}

static double
held(const struct copy *copy)
{
    return copy->state.holding != 0 ? (double)copy->state.held : 0;
}

static double
moves(const struct copy *copy)
{
    return (double)copy->status.moves;
}

static double
failing(const struct copy *copy)
{
    return copy->status.failed != 0;
}

/* Each metric has a value for each directory. */
static const struct {
    const char *name, *type, *help;
    double (*of)(const struct copy *copy);
} metrics[] = {
    {"sdr_replica_entries", "gauge", "Entries in the copy.", entries},
    {"sdr_replica_complete", "gauge",
     "1 if the copy is complete, 0 if it is not used yet.", complete},
    {"sdr_replica_contact_timestamp_seconds", "gauge",
     "When the copy was last known to be up to date.", contact},
    {"sdr_replica_refreshed_timestamp_seconds", "gauge",
     "When the directory was last read completely.", refreshed},
    {"sdr_replica_changed_timestamp_seconds", "gauge",
     "When the copy last changed.", changed},
    {"sdr_replica_changes_total", "counter", "Commits that changed the copy.",
     generation},
    {"sdr_replica_held_entries", "gauge",
     "Entries with a loss or a move that is held back until accepted.", held},
    {"sdr_replica_moves_total", "counter",
     "Entries that moved to another known owner.", moves},
    {"sdr_replica_failing", "gauge", "1: the directory cannot be read now.",
     failing},
};

static void
fill(FILE *page, void *arg)
{
    const struct copies *copies = arg;

    for (size_t n = 0; n < sizeof metrics / sizeof metrics[0]; n++) {
        metrics_begin(page, metrics[n].name, metrics[n].type, metrics[n].help);
        for (unsigned i = 0; i < copies->config->directory_count; i++)
            metrics_value(page, metrics[n].name,
                          metrics[n].of(&copies->each[i]), "directory=%s",
                          copies->config->directories[i].name);
    }
}

void
sync_metrics_write(struct store *store, const struct sdr_config *config)
{
    struct copies copies = {.config = config};
    struct sdr_error error;
    bool ok = config->replica.metrics_file != NULL;

    if (!ok)
        return;
    copies.each = calloc(config->directory_count, sizeof *copies.each);
    ok = copies.each != NULL;
    /* A file that cannot be read is reported by the threads that write to it;
     * the metrics then stay as they are, and their timestamps show it. */
    for (unsigned i = 0; ok && i < config->directory_count; i++)
        ok = store_look(store, i, &copies.each[i].state, &copies.each[i].status,
                        &error)
             == SDR_OK;
    if (ok)
        metrics_write(config->replica.metrics_file, fill, &copies);
    free(copies.each);
}
