/* paged.c - see paged.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/paged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldap/dn.h"
#include "replica/entry.h"
#include "ldap/filter.h"
#include "ldap/pages.h"
#include "decision/profile.h"
#include "decision/value.h"

/* Seconds for each page: a server may have to read all entries. */
enum { PAGE_S = 60 };

static bool
is_stopping(void *arg)
{
    return worker_stopping(arg);
}

/* DELETED: as of struct sdr_page. */
static enum sdr_status
search_pages(const struct session_with *with, struct sdr_search *search,
             bool deleted)
{
    const struct sdr_pages pages = {.seconds = PAGE_S,
                                    .deleted = deleted,
                                    .stop = is_stopping,
                                    .arg = with->worker};

    return sdr_pages_search(with->session->connection, search, &pages,
                            with->error);
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

/* Parse a UUID in the form of RFC 4122. */
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

/* Returns true if this is the id of the entry. */
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
            && sdr_value_is(classes[i], value, len))
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
    enum sdr_status status = search_pages(with, &search, true);

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
    const unsigned char *id; /* of the entry; NULL: read from its attributes */
    struct entry entry;      /* being read */
    bool has_id;
    enum sdr_status status; /* of the refresh */
};

static void
begin_entry(void *arg, const char *dn)
{
    static const unsigned char none[SDR_RECORD_ID_SIZE];
    struct paged_reader *reader = arg;
    struct worker *worker = reader->with->worker;

    entry_clear(&reader->entry); /* an incomplete one */
    entry_begin(&reader->entry, worker->config, worker->directory,
                reader->id != NULL ? reader->id : none, dn);
    reader->entry.reader.groups = &reader->with->session->groups;
    reader->has_id = reader->id != NULL;
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct paged_reader *reader = arg;

    if (!reader->has_id)
        reader->has_id = is_id(attribute, value, len, reader->entry.id);
    entry_value(&reader->entry, attribute, value, len);
}

/* Make an id from the DN, for a server without entry ids. It changes if the
 * entry is renamed. */
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

enum sdr_status
paged_entry(const struct session_with *with, struct ldapmsg *message,
            const unsigned char id[SDR_RECORD_ID_SIZE], struct refresh *refresh)
{
    struct paged_reader reader = {.with = with, .refresh = refresh, .id = id};
    struct sdr_search search = {.entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = &reader};
    enum sdr_status status = sdr_connection_read_entry(
        with->session->connection, message, &search, with->error);

    entry_clear(&reader.entry);
    return status == SDR_OK ? reader.status : status;
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
    enum sdr_status status = search_pages(with, &search, false);

    entry_clear(&reader.entry);
    free(wanted);
    free(filter);
    return status == SDR_OK ? reader.status : status;
}
