/* ldif_import.c - see ldif_import.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/ldif_import.h"

#include <time.h>

#include "ldif/ldif_entries.h"
#include "source/refresh.h"

struct ldif_import {
    struct worker *worker;
    struct refresh refresh;
};

static bool
stops(void *arg)
{
    return worker_stopping(((struct ldif_import *)arg)->worker);
}

static enum sdr_status
take_entry(void *arg, struct entry *entry, struct sdr_error *error)
{
    return refresh_entry(&((struct ldif_import *)arg)->refresh, entry, error);
}

/* Import the text, which is valid. */
static enum sdr_status
take(struct ldif_import *import, struct ldif_entries *entries,
     struct sdr_error *error)
{
    const struct store_mark mark = {
        .stage = STORE_FULL,
        .method = "ldif",
        .server = worker_directory(import->worker)->uris.items[0],
        .contact = time(NULL),
        .from_a_file = true};
    enum sdr_status status;

    refresh_begin(&import->refresh, import->worker, NULL);
    status = ldif_entries_take(entries, error);
    if (status == SDR_OK)
        return refresh_end(&import->refresh, true, &mark, error);
    refresh_clear(&import->refresh);
    return status;
}

enum sdr_status
ldif_import(struct worker *worker, const char *text, size_t len,
            struct sdr_error *error)
{
    struct ldif_import import = {.worker = worker};
    struct ldif_entries entries = {.config = worker->config,
                                   .directory = worker->directory,
                                   .text = text,
                                   .len = len,
                                   .stops = stops,
                                   .take = take_entry,
                                   .arg = &import};
    enum sdr_status status = ldif_entries_check(&entries, error);

    if (status == SDR_OK)
        status = take(&import, &entries, error);
    ldif_entries_clear(&entries);
    return status;
}
