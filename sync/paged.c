/* paged.c - see paged.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "paged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "dn.h"
#include "entry.h"
#include "filter.h"
#include "profile.h"

/* Active Directory gives no more than 1000 at once. */
enum { PAGE_SIZE = 500 };

/* For each page: a server may have to look at all it has (seconds). */
enum { PAGE_S = 60 };

enum sdr_status
paged_search(const struct session_with *with, struct sdr_search *search,
             bool deleted)
{
    struct sdr_page page = {.size = PAGE_SIZE, .deleted = deleted};
    enum sdr_status status;
    bool broken;

    search->page = &page;
    search->time_limit = PAGE_S;
    do {
        status = sdr_connection_search(with->connection, search,
                                       sdr_clock() + 1000 * (int64_t)PAGE_S,
                                       &broken, with->error);
        if (status == SDR_OK && !search->complete) {
            sdr_error_set(with->error, "the server has not told all: it needs "
                                       "more than a minute, or refers to "
                                       "another server");
            status = SDR_TEMPFAIL;
        }
    } while (status == SDR_OK && page.more && !worker_stopping(with->worker));
    if (status == SDR_OK && page.more) {
        sdr_error_set(with->error, "stopped");
        status = SDR_TEMPFAIL;
    }
    sdr_page_clear(&page);
    return status;
}

/* ---- ids ---- */

static const char *const id_attributes[] = {"objectGUID", "entryUUID", NULL};

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An UUID as RFC 4122 writes it. */
static bool
parse_uuid(const char *text, size_t len, unsigned char *id)
{
    unsigned digits = 0;

    memset(id, 0, SDR_RECORD_ID_SIZE);
    for (size_t i = 0; i < len; i++) {
        int digit = hex(text[i]);

        if (text[i] == '-')
            continue;
        if (digit < 0 || digits == (unsigned)2 * SDR_RECORD_ID_SIZE)
            return false;
        id[digits / 2] = (unsigned char)((id[digits / 2] << 4) | digit);
        digits++;
    }
    return digits == (unsigned)2 * SDR_RECORD_ID_SIZE;
}

/* True if this is what identifies the entry. */
static bool
is_id(const char *attribute, const char *value, size_t len, unsigned char *id)
{
    if (strcasecmp(attribute, "objectGUID") == 0 && len == SDR_RECORD_ID_SIZE) {
        memcpy(id, value, len);
        return true;
    }
    return strcasecmp(attribute, "entryUUID") == 0
           && parse_uuid(value, len, id);
}

struct collect {
    struct seen *ids;
    bool failed;
};

static void
collect_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct collect *collect = arg;
    unsigned char id[SDR_RECORD_ID_SIZE];

    if (is_id(attribute, value, len, id) && !seen_add(collect->ids, id))
        collect->failed = true;
}

enum sdr_status
paged_ids(const struct session_with *with, const char *base, const char *filter,
          struct seen *ids)
{
    struct collect collect = {.ids = ids};
    struct sdr_search search = {.base = base,
                                .below = true,
                                .filter = filter,
                                .attributes = id_attributes,
                                .value = collect_value,
                                .arg = &collect};
    enum sdr_status status = paged_search(with, &search, true);

    if (status == SDR_OK && collect.failed) {
        sdr_error_set(with->error, "no memory");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* ---- entries ---- */

struct reading {
    const struct session_with *with;
    struct refresh *refresh;
    struct entry entry; /* that is being read */
    bool has_id;
    enum sdr_status status; /* of the refresh */
};

static void
begin_entry(void *arg, const char *dn)
{
    static const unsigned char none[SDR_RECORD_ID_SIZE];
    struct reading *reading = arg;
    struct worker *worker = reading->with->worker;

    entry_clear(&reading->entry); /* one that was broken off */
    entry_begin(&reading->entry, worker->config, worker->directory, none, dn);
    reading->has_id = false;
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct reading *reading = arg;

    if (!reading->has_id)
        reading->has_id = is_id(attribute, value, len, reading->entry.id);
    entry_value(&reading->entry, attribute, value, len);
}

/* A server that gives no id: the name does as well, until it changes. */
static bool
make_id(struct entry *entry)
{
    char *normal = entry->dn != NULL ? dn_normal(entry->dn) : NULL;
    bool ok = normal != NULL && dn_id(normal, entry->id);

    free(normal);
    return ok;
}

static void
end_entry(void *arg)
{
    struct reading *reading = arg;
    struct entry *entry = &reading->entry;

    if (reading->status != SDR_OK)
        return;
    if ((!reading->has_id && !make_id(entry)) || !entry_end(entry)) {
        sdr_error_set(reading->with->error, "no memory");
        reading->status = SDR_TEMPFAIL;
    } else {
        reading->status =
            refresh_entry(reading->refresh, entry, reading->with->error);
    }
    entry_clear(entry);
}

static char *
make_filter(const struct sdr_directory_options *directory, const char *besides)
{
    const struct sdr_list *addresses = &directory->mapping.addresses;
    char *present =
        sdr_filter_present(directory, addresses->items, addresses->count);
    char *text = NULL;

    if (present == NULL || asprintf(&text, "(&%s%s)", present, besides) < 0)
        text = NULL;
    free(present);
    return text;
}

enum sdr_status
paged_entries(const struct session_with *with, const char *besides,
              struct refresh *refresh)
{
    const struct sdr_directory_options *directory =
        worker_directory(with->worker);
    const char **wanted =
        sdr_profile_attributes(&directory->mapping, id_attributes);
    char *filter = make_filter(directory, besides);
    struct reading reading = {.with = with, .refresh = refresh};
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = &reading};
    enum sdr_status status = SDR_TEMPFAIL;

    if (wanted != NULL && filter != NULL)
        status = paged_search(with, &search, false);
    else
        sdr_error_set(with->error, "no memory");
    entry_clear(&reading.entry);
    free(wanted);
    free(filter);
    return status == SDR_OK ? reading.status : status;
}
