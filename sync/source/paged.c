/* paged.c - see paged.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/paged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "ldap/dn.h"
#include "replica/entry.h"
#include "ldap/filter.h"
#include "decision/profile.h"

/* Active Directory gives no more than 1000 at once. */
enum { PAGE_SIZE = 500 };

/* For each page: a server may have to look at all it has (seconds). */
enum { PAGE_S = 60 };

enum sdr_status
paged_search(const struct session_with *with, struct sdr_search *search,
             bool deleted)
{
    struct sdr_page page = {.size = PAGE_SIZE, .deleted = deleted};
    struct sdr_connection *connection = with->session->connection;
    enum sdr_status status;

    search->page = &page;
    search->time_limit = PAGE_S;
    do {
        sdr_connection_set_deadline(connection,
                                    sdr_clock() + 1000 * (int64_t)PAGE_S);
        status = sdr_connection_search(connection, search, with->error);
        if (status == SDR_OK && !search->complete) {
            sdr_error_set(with->error,
                          "incomplete result: the server needs more than a "
                          "minute, or refers to another server");
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
    struct entry_set *ids;
    bool folders, failed;
};

static bool
is_folder(const char *attribute, const char *value, size_t len)
{
    static const char *const classes[] = {"organizationalUnit", "container"};

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strcasecmp(attribute, "objectClass") == 0
            && strlen(classes[i]) == len
            && strncasecmp(classes[i], value, len) == 0)
            return true;
    }
    return false;
}

static void
collect_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct collect *collect = arg;
    unsigned char id[SDR_RECORD_ID_SIZE];

    collect->folders |= is_folder(attribute, value, len);
    if (is_id(attribute, value, len, id) && !entry_set_add(collect->ids, id))
        collect->failed = true;
}

enum sdr_status
paged_ids(const struct session_with *with, const char *base, const char *filter,
          struct entry_set *ids, bool *folders)
{
    static const char *const wanted[] = {"objectGUID", "entryUUID",
                                         "objectClass", NULL};
    struct collect collect = {.ids = ids};
    struct sdr_search search = {.base = base,
                                .below = true,
                                .filter = filter,
                                .attributes = wanted,
                                .value = collect_value,
                                .arg = &collect};
    enum sdr_status status = paged_search(with, &search, true);

    *folders = collect.folders;
    if (status == SDR_OK && collect.failed) {
        sdr_error_set(with->error, "no memory");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* ---- entries ---- */

struct paged_reader {
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
    struct paged_reader *reader = arg;
    struct worker *worker = reader->with->worker;

    entry_clear(&reader->entry); /* one that was broken off */
    entry_begin(&reader->entry, worker->config, worker->directory, none, dn);
    reader->entry.reader.groups = &reader->with->session->groups;
    reader->has_id = false;
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct paged_reader *reader = arg;

    if (!reader->has_id)
        reader->has_id = is_id(attribute, value, len, reader->entry.id);
    entry_value(&reader->entry, attribute, value, len);
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
    struct paged_reader *reader = arg;
    struct entry *entry = &reader->entry;

    if (reader->status != SDR_OK)
        return;
    if ((!reader->has_id && !make_id(entry)) || !entry_end(entry)) {
        sdr_error_set(reader->with->error, "no memory");
        reader->status = SDR_TEMPFAIL;
    } else {
        reader->status =
            refresh_entry(reader->refresh, entry, reader->with->error);
    }
    entry_clear(entry);
}

static char *
make_filter(const struct sdr_directory_options *directory,
            const char *condition)
{
    const struct sdr_list *addresses = &directory->mapping.addresses;
    char *present =
        sdr_filter_present(directory, addresses->items, addresses->count);
    char *text = NULL;

    if (present == NULL || asprintf(&text, "(&%s%s)", present, condition) < 0)
        text = NULL;
    free(present);
    return text;
}

enum sdr_status
paged_entries(const struct session_with *with, const char *condition,
              struct refresh *refresh)
{
    const struct sdr_directory_options *directory =
        worker_directory(with->worker);
    const char **wanted =
        sdr_profile_attributes(&directory->mapping, id_attributes);
    char *filter = make_filter(directory, condition);
    struct paged_reader reader = {.with = with, .refresh = refresh};
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = &reader};
    enum sdr_status status = SDR_TEMPFAIL;

    if (wanted != NULL && filter != NULL)
        status = paged_search(with, &search, false);
    else
        sdr_error_set(with->error, "no memory");
    entry_clear(&reader.entry);
    free(wanted);
    free(filter);
    return status == SDR_OK ? reader.status : status;
}
