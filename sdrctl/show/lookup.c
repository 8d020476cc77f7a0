/* lookup.c - see lookup.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "show/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "config/file_owner.h"
#include "ldap/filter.h"
#include "ldif/ldif_entries.h"
#include "ldif/ldif_index.h"
#include "decision/profile.h"
#include "decision/value.h"

/* The attributes for the last change of an entry. Active Directory has
 * whenChanged only. */
static const char *const change_attributes[] = {
    "modifiersName", "modifyTimestamp", "whenChanged", NULL};

/* ---- entries ---- */

struct lookup_reader {
    struct lookup *lookup;
    const struct sdr_keys *keys;
    const struct sdr_groups *groups;
    struct sdr_reader reader;
    struct found_entry entry; /* being read */
    bool found, no_memory;
};

static void
clear_entry(struct found_entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        free(entry->values[i].attribute);
        free(entry->values[i].octets);
    }
    free(entry->values);
    free(entry->dn);
    memset(entry, 0, sizeof *entry);
}

static void
on_entry(void *arg, const char *dn)
{
    struct lookup_reader *reader = arg;

    clear_entry(&reader->entry); /* an entry that was incomplete */
    reader->entry.dn = strdup(dn);
    if (reader->entry.dn == NULL)
        reader->no_memory = true;
    sdr_reader_begin(&reader->reader, reader->lookup->config, reader->keys,
                     reader->lookup->directory, dn);
    reader->reader.groups = reader->groups;
}

static bool
add_value(struct found_entry *entry, const char *attribute, const char *octets,
          size_t len, sdr_sites sites)
{
    struct found_value value = {strdup(attribute), sdr_octets_copy(octets, len),
                                len, sites};

    if (value.attribute == NULL || value.octets == NULL
        || !sdr_array_append(&entry->values, &entry->count, &entry->room,
                             &value, sizeof value)) {
        free(value.attribute);
        free(value.octets);
        return false;
    }
    return true;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct lookup_reader *reader = arg;
    sdr_sites sites = sdr_config_owner(reader->lookup->config, value, len)
                      | sdr_groups_sites(reader->groups, value, len);

    sdr_reader_value(&reader->reader, attribute, value, len);
    if (!add_value(&reader->entry, attribute, value, len, sites))
        reader->no_memory = true;
}

static bool
add_entry(struct lookup *lookup, const struct found_entry *entry)
{
    return sdr_array_append(&lookup->entries, &lookup->count, &lookup->room,
                            entry, sizeof *entry);
}

/* Add the entry. It is ignored if it was found only because the directory
 * compares characters as equal that mail addresses do not. */
static void
on_entry_end(void *arg)
{
    struct lookup_reader *reader = arg;
    struct lookup *lookup = reader->lookup;

    if (!sdr_reader_end(&reader->reader, &lookup->facts, &reader->found))
        return;
    reader->entry.facts = reader->reader.facts;
    if (add_entry(lookup, &reader->entry))
        memset(&reader->entry, 0, sizeof reader->entry);
    else
        reader->no_memory = true;
}

/* ---- the directory ---- */

static enum sdr_status
search(struct lookup_reader *reader, struct live *live, struct sdr_error *error)
{
    struct sdr_search search = {.entry = on_entry,
                                .value = on_value,
                                .end = on_entry_end,
                                .arg = reader};
    enum sdr_status status =
        live_search(live, sdr_filter_keys(live->directory, reader->keys),
                    change_attributes, &search, 0, error);

    if (reader->no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    clear_entry(&reader->entry);
    return status;
}

static void
read_directory(struct lookup *lookup, const struct sdr_keys *keys,
               struct live *live)
{
    struct lookup_reader reader = {.lookup = lookup, .keys = keys};

    lookup->status = live_find_groups(live, &lookup->error);
    if (lookup->status == SDR_OK) {
        reader.groups = &live->session->groups;
        lookup->status = search(&reader, live, &lookup->error);
    }
    if (lookup->status != SDR_OK)
        return;
    lookup->status = live_prove(
        live, lookup->count > 0 ? lookup->entries[0].dn : NULL, &lookup->error);
    if (lookup->status == SDR_OK && lookup->count == 0)
        lookup->status = SDR_NOTFOUND;
}

/* ---- a file ---- */

static enum sdr_status
search_file(struct lookup_reader *reader, const char *text, size_t len,
            struct sdr_error *error)
{
    struct lookup *lookup = reader->lookup;
    const struct sdr_search search = {.entry = on_entry,
                                      .value = on_value,
                                      .end = on_entry_end,
                                      .arg = reader};
    struct ldif_index *index = NULL;
    enum sdr_status status = ldif_index_new(
        &index, lookup->config, lookup->directory, text, len, error);

    if (status == SDR_OK) {
        reader->groups = ldif_index_groups(index);
        status = ldif_index_search(index, reader->keys, &search, error);
    }
    if (reader->no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    clear_entry(&reader->entry);
    ldif_index_free(&index);
    return status;
}

static void
read_file(struct lookup *lookup, const struct sdr_keys *keys)
{
    const char *path = lookup->config->directories[lookup->directory].ldif_path;
    struct lookup_reader reader = {.lookup = lookup, .keys = keys};
    char *text = NULL;
    size_t len = 0;
    enum sdr_status status = sdr_file_read(path, false, LDIF_MAX_OCTETS, &text,
                                           &len, &lookup->error);

    if (status == SDR_OK)
        status = search_file(&reader, text, len, &lookup->error);
    free(text);
    if (status != SDR_OK)
        lookup->status = SDR_TEMPFAIL;
    else
        lookup->status = lookup->count > 0 ? SDR_OK : SDR_NOTFOUND;
}

/* ---- the replica ---- */

/* True if both route the recipient in the same way. */
static bool
same_facts(const struct sdr_facts *a, const struct sdr_facts *b)
{
    struct sdr_facts merged = *a, other = *b;
    bool found = true;

    if (a->key != b->key || a->disagree != b->disagree)
        return false;
    merged.disagree = other.disagree = false;
    other.strength = merged.strength;
    sdr_facts_merge(&merged, &found, &other);
    return !merged.disagree;
}

static void
compare(struct lookup *lookup, const struct sdr_keys *keys,
        struct sdr_replica *replica)
{
    lookup->replica_status =
        sdr_replica_lookup(replica, lookup->directory, keys, time(NULL),
                           &lookup->replica_facts, &lookup->replica_error);
    if (lookup->status == SDR_TEMPFAIL)
        lookup->comparison = COMPARED_NONE;
    else if (lookup->replica_status == SDR_TEMPFAIL)
        lookup->comparison = COMPARED_SILENT;
    else if (lookup->replica_status == lookup->status
             && (lookup->status == SDR_NOTFOUND
                 || same_facts(&lookup->facts, &lookup->replica_facts)))
        lookup->comparison = COMPARED_SAME;
    else
        lookup->comparison = COMPARED_DIFFERS;
}

void
lookup_make(struct lookup *lookup, const struct sdr_config *config,
            unsigned directory, const struct sdr_keys *keys, struct live *live,
            struct sdr_replica *replica)
{
    memset(lookup, 0, sizeof *lookup);
    lookup->config = config;
    lookup->directory = directory;
    lookup->from_a_file = live->directory->ldif_path != NULL;
    if (lookup->from_a_file)
        read_file(lookup, keys);
    else
        read_directory(lookup, keys, live);
    if (replica != NULL)
        compare(lookup, keys, replica);
}

void
lookup_clear(struct lookup *lookup)
{
    for (size_t i = 0; i < lookup->count; i++)
        clear_entry(&lookup->entries[i]);
    free(lookup->entries);
    memset(lookup, 0, sizeof *lookup);
}

/* ---- single values ---- */

const struct found_value *
find_value(const struct found_entry *entry, const char *attribute)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (sdr_attribute_is(attribute, entry->values[i].attribute))
            return &entry->values[i];
    }
    return NULL;
}

/* Convert a generalized time: 20261121100000Z (RFC 4517), or 20261121100000.0Z
 * in Active Directory. */
static void
format_time(const char *text, char *when, size_t size)
{
    if (strspn(text, "0123456789") < 14) {
        snprintf(when, size, "%s", text);
        return;
    }
    snprintf(when, size, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4,
             text + 6, text + 8, text + 10, text + 12);
}

void
find_change(const struct found_entry *entry, char *when, size_t size,
            const char **who)
{
    const struct found_value *name = find_value(entry, change_attributes[0]);
    const struct found_value *time = find_value(entry, change_attributes[1]);

    if (time == NULL)
        time = find_value(entry, change_attributes[2]);
    when[0] = '\0';
    if (time != NULL)
        format_time(time->octets, when, size);
    *who = name != NULL ? name->octets : NULL;
}
