/* live.c - see live.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"

/* Active Directory gives no more than 1000 at once. */
enum { PAGE_SIZE = 500 };

/* ---- the connection ---- */

static int64_t
deadline_of(const struct live *live, unsigned seconds)
{
    return sdr_clock()
           + 1000
                 * (int64_t)(seconds != 0 ? seconds : live->directory->timeout);
}

static void
fall_silent(struct live *live, const struct sdr_error *reason)
{
    sdr_connection_close(&live->connection);
    live->silent = true;
    live->reason = *reason;
}

static enum sdr_status
open_any(struct live *live, struct sdr_error *error)
{
    const struct sdr_list *uris = &live->directory->uris;

    for (unsigned i = 0; i < uris->count && live->connection == NULL; i++) {
        if (sdr_connection_open(&live->connection, live->directory,
                                uris->items[i], deadline_of(live, 0), error)
            != SDR_OK)
            sdr_error_prefix(error, "%s", uris->items[i]);
    }
    return live->connection != NULL ? SDR_OK : SDR_TEMPFAIL;
}

static enum sdr_status
connect_once(struct live *live, struct sdr_error *error)
{
    if (live->connection != NULL)
        return SDR_OK;
    if (!live->silent) {
        if (live->directory->ldif_path != NULL)
            sdr_error_set(error, "it is a file, which nobody can ask");
        else if (open_any(live, error) == SDR_OK)
            return SDR_OK;
        fall_silent(live, error);
    }
    *error = live->reason;
    return SDR_TEMPFAIL;
}

void
live_close(struct live *live)
{
    sdr_connection_close(&live->connection);
    sdr_sight_clear(&live->sight);
}

/* ---- questions ---- */

static enum sdr_status
search_page(struct live *live, struct sdr_search *search, unsigned seconds,
            struct sdr_error *error)
{
    bool broken = false;
    enum sdr_status status = sdr_connection_search(
        live->connection, search, deadline_of(live, seconds), &broken, error);

    if (status == SDR_OK && !search->complete) {
        sdr_error_set(error, "the server has not told all: it needs too long, "
                             "or refers to another server");
        return SDR_TEMPFAIL;
    }
    if (status != SDR_OK)
        fall_silent(live, error);
    return status;
}

enum sdr_status
live_search(struct live *live, struct sdr_search *search, unsigned seconds,
            struct sdr_error *error)
{
    struct sdr_page page = {.size = PAGE_SIZE};
    enum sdr_status status = connect_once(live, error);

    search->page = &page;
    search->time_limit = seconds;
    if (status == SDR_OK) {
        do {
            status = search_page(live, search, seconds, error);
        } while (status == SDR_OK && page.more);
    }
    sdr_page_clear(&page);
    search->page = NULL;
    return status;
}

enum sdr_status
live_prove_none(struct live *live, struct sdr_error *error)
{
    enum sdr_status status = connect_once(live, error);
    bool broken = false;

    if (status == SDR_OK)
        status =
            sdr_sight_prove(&live->sight, live->connection, live->directory,
                            deadline_of(live, 0), &broken, error);
    if (status != SDR_OK && broken)
        fall_silent(live, error);
    return status;
}

enum sdr_status
live_prove_rights(struct live *live, const char *dn, struct sdr_error *error)
{
    enum sdr_status status = connect_once(live, error);
    bool broken = false;

    if (status == SDR_OK)
        status = sdr_rights_prove(&live->rights, &live->seen, live->connection,
                                  live->directory, dn, deadline_of(live, 0),
                                  &broken, error);
    if (status != SDR_OK && broken)
        fall_silent(live, error);
    return status;
}

/* ---- attributes ---- */

const char **
live_attributes(const struct sdr_mapping *mapping, const char *const *others,
                unsigned count)
{
    const char *const ours[] = {mapping->owner, mapping->routing,
                                mapping->hold};
    unsigned n = mapping->addresses.count;
    const char **names = calloc(n + 3 + count + 1, sizeof *names);

    if (names == NULL)
        return NULL;
    memcpy(names, mapping->addresses.items, n * sizeof *names);
    for (unsigned i = 0; i < 3; i++) {
        if (ours[i] != NULL)
            names[n++] = ours[i];
    }
    if (count > 0)
        memcpy(names + n, others, count * sizeof *names);
    return names;
}

bool
live_is(const char *name, const char *attribute)
{
    size_t len = strcspn(attribute, ";");

    return name != NULL && strlen(name) == len
           && strncasecmp(name, attribute, len) == 0;
}
