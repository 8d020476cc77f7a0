/* numbers.c - see numbers.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "numbers.h"

#include <stdlib.h>

#include "metrics.h"
#include "record.h"

struct copies {
    const struct sdr_config *config;
    struct copy {
        struct sdr_record_state state;
        struct sdr_record_status status;
    } * each; /* by directory */
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
failing(const struct copy *copy)
{
    return copy->status.failed != 0;
}

/* One of them for each directory. */
static const struct {
    const char *name, *type, *help;
    double (*of)(const struct copy *copy);
} numbers[] = {
    {"sdr_replica_entries", "gauge", "Entries in the copy.", entries},
    {"sdr_replica_complete", "gauge",
     "1: it has been read to the end; 0: it answers nothing yet.", complete},
    {"sdr_replica_contact_timestamp_seconds", "gauge",
     "The copy was proven to be up to date then.", contact},
    {"sdr_replica_refreshed_timestamp_seconds", "gauge",
     "The directory was read from end to end then.", refreshed},
    {"sdr_replica_changed_timestamp_seconds", "gauge",
     "What is known changed then.", changed},
    {"sdr_replica_changes_total", "counter",
     "Commits that changed what is known.", generation},
    {"sdr_replica_held_entries", "gauge",
     "Entries whose loss is held back until somebody accepts it.", held},
    {"sdr_replica_failing", "gauge", "1: the directory cannot be read now.",
     failing},
};

static void
fill(FILE *page, void *arg)
{
    const struct copies *copies = arg;

    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        metrics_begin(page, numbers[n].name, numbers[n].type, numbers[n].help);
        for (unsigned i = 0; i < copies->config->directory_count; i++)
            metrics_value(page, numbers[n].name,
                          numbers[n].of(&copies->each[i]), "directory=%s",
                          copies->config->directories[i].name);
    }
}

void
numbers_write(struct store *store, const struct sdr_config *config)
{
    struct copies copies = {.config = config};
    struct sdr_error error;
    bool ok = config->replica.metrics_file != NULL;

    if (!ok)
        return;
    copies.each = calloc(config->directory_count, sizeof *copies.each);
    ok = copies.each != NULL;
    /* A file that cannot be read is told by those who write to it; the numbers
     * then get old, which can be seen. */
    for (unsigned i = 0; ok && i < config->directory_count; i++)
        ok = store_look(store, i, &copies.each[i].state, &copies.each[i].status,
                        &error)
             == SDR_OK;
    if (ok)
        metrics_write(config->replica.metrics_file, fill, &copies);
    free(copies.each);
}
