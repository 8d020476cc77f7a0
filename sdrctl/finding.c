/* finding.c - see finding.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "profile.h"

/* Who changed the entry last and when; of Active Directory the last one. */
static const char *const change_attributes[] = {
    "modifiersName", "modifyTimestamp", "whenChanged"};
enum {
    CHANGE_ATTRIBUTES = sizeof change_attributes / sizeof change_attributes[0]
};

/* ---- entries ---- */

struct reading {
    struct finding *finding;
    const struct sdr_keys *keys;
    struct sdr_reader reader;
    struct found_entry entry; /* that is being read */
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
begin_entry(void *arg, const char *dn)
{
    struct reading *reading = arg;

    clear_entry(&reading->entry); /* one that was broken off */
    reading->entry.dn = strdup(dn);
    if (reading->entry.dn == NULL)
        reading->no_memory = true;
    sdr_reader_begin(&reading->reader, reading->finding->config, reading->keys,
                     reading->finding->directory, dn);
}

static bool
add_value(struct found_entry *entry, const char *attribute, const char *octets,
          size_t len)
{
    struct found_value *values =
        realloc(entry->values, (entry->count + 1) * sizeof *values);
    struct found_value value = {strdup(attribute), malloc(len + 1), len};

    if (values != NULL)
        entry->values = values;
    if (values == NULL || value.attribute == NULL || value.octets == NULL) {
        free(value.attribute);
        free(value.octets);
        return false;
    }
    memcpy(value.octets, octets, len);
    value.octets[len] = '\0';
    entry->values[entry->count++] = value;
    return true;
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct reading *reading = arg;

    sdr_reader_value(&reading->reader, attribute, value, len);
    if (!add_value(&reading->entry, attribute, value, len))
        reading->no_memory = true;
}

static bool
add_entry(struct finding *finding, const struct found_entry *entry)
{
    struct found_entry *entries =
        realloc(finding->entries, (finding->count + 1) * sizeof *entries);

    if (entries == NULL)
        return false;
    finding->entries = entries;
    finding->entries[finding->count++] = *entry;
    return true;
}

/* One that a directory found by folding more than mail does is none. */
static void
end_entry(void *arg)
{
    struct reading *reading = arg;
    struct finding *finding = reading->finding;

    if (!sdr_reader_end(&reading->reader, &finding->facts, &reading->found))
        return;
    reading->entry.facts = reading->reader.facts;
    if (add_entry(finding, &reading->entry))
        memset(&reading->entry, 0, sizeof reading->entry);
    else
        reading->no_memory = true;
}

/* ---- the directory ---- */

static enum sdr_status
search(struct reading *reading, struct live *live, struct sdr_error *error)
{
    const char **wanted = live_attributes(&live->directory->mapping,
                                          change_attributes, CHANGE_ATTRIBUTES);
    char *filter = sdr_filter_keys(live->directory, reading->keys);
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = reading};
    enum sdr_status status = SDR_TEMPFAIL;

    reading->no_memory |= wanted == NULL || filter == NULL;
    if (!reading->no_memory)
        status = live_search(live, &search, 0, error);
    if (reading->no_memory) {
        sdr_error_set(error, "no memory");
        status = SDR_TEMPFAIL;
    }
    clear_entry(&reading->entry);
    free(wanted);
    free(filter);
    return status;
}

static void
ask(struct finding *finding, const struct sdr_keys *keys, struct live *live)
{
    struct reading reading = {.finding = finding, .keys = keys};

    finding->status = search(&reading, live, &finding->error);
    if (finding->status != SDR_OK)
        return;
    if (finding->count > 0) {
        finding->status =
            live_prove_rights(live, finding->entries[0].dn, &finding->error);
    } else {
        finding->status = live_prove_none(live, &finding->error);
        if (finding->status == SDR_OK)
            finding->status = SDR_NOTFOUND;
    }
}

/* ---- the copy ---- */

/* True if both say the same of the recipient. */
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
compare(struct finding *finding, const struct sdr_keys *keys,
        struct sdr_replica *replica)
{
    finding->twin_status =
        sdr_replica_lookup(replica, finding->directory, keys, time(NULL),
                           &finding->twin_facts, &finding->twin_error);
    if (finding->status == SDR_TEMPFAIL)
        finding->twin = TWIN_NONE;
    else if (finding->twin_status == SDR_TEMPFAIL)
        finding->twin = TWIN_SILENT;
    else if (finding->twin_status == finding->status
             && (finding->status == SDR_NOTFOUND
                 || same_facts(&finding->facts, &finding->twin_facts)))
        finding->twin = TWIN_SAME;
    else
        finding->twin = TWIN_DIFFERS;
}

/* A file is read by sdr-sync alone: what that has read of it is shown. */
static void
ask_copy(struct finding *finding, const struct sdr_keys *keys,
         struct sdr_replica *replica)
{
    struct found_entry entry = {0};

    finding->from_a_file = true;
    if (replica == NULL) {
        sdr_error_set(&finding->error, "it is a file, and there is no replica");
        finding->status = SDR_TEMPFAIL;
        return;
    }
    finding->status =
        sdr_replica_lookup(replica, finding->directory, keys, time(NULL),
                           &finding->facts, &finding->error);
    if (finding->status != SDR_OK)
        return;
    entry.dn = strdup(finding->facts.dn);
    entry.facts = finding->facts;
    if (entry.dn == NULL || !add_entry(finding, &entry)) {
        free(entry.dn);
        sdr_error_set(&finding->error, "no memory");
        finding->status = SDR_TEMPFAIL;
    }
}

void
finding_make(struct finding *finding, const struct sdr_config *config,
             unsigned directory, const struct sdr_keys *keys, struct live *live,
             struct sdr_replica *replica)
{
    memset(finding, 0, sizeof *finding);
    finding->config = config;
    finding->directory = directory;
    if (live->directory->ldif_path != NULL) {
        ask_copy(finding, keys, replica);
        return;
    }
    ask(finding, keys, live);
    if (replica != NULL)
        compare(finding, keys, replica);
}

void
finding_clear(struct finding *finding)
{
    for (size_t i = 0; i < finding->count; i++)
        clear_entry(&finding->entries[i]);
    free(finding->entries);
    memset(finding, 0, sizeof *finding);
}

/* ---- single values ---- */

const struct found_value *
find_value(const struct found_entry *entry, const char *attribute)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (live_is(attribute, entry->values[i].attribute))
            return &entry->values[i];
    }
    return NULL;
}

/* RFC 4517 has 20261121100000Z, Active Directory 20261121100000.0Z. */
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
    const struct found_value *moment = find_value(entry, change_attributes[1]);

    if (moment == NULL)
        moment = find_value(entry, change_attributes[2]);
    when[0] = '\0';
    if (moment != NULL)
        format_time(moment->octets, when, size);
    *who = name != NULL ? name->octets : NULL;
}
