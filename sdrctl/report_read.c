/* report_read.c - see report_read.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report_read.h"

#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "filter.h"
#include "grow.h"
#include "live.h"
#include "profile.h"

/* For each page: a server may have to look at all it has (seconds). */
enum { PAGE_S = 60 };

struct visit {
    struct report *report;
    struct sdr_replica *replica; /* NULL: none */
    bool live;
};

/* ---- the replica ---- */

static void
on_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    struct report *report = arg;

    rows_add(&report->rows, report->config, address, facts, facts->dn);
}

/* False if the directory itself has to be asked. */
static bool
read_copy(const struct visit *visit, unsigned directory,
          struct report_source *source)
{
    struct report *report = visit->report;
    struct copy copy;

    if (visit->replica == NULL)
        return false;
    copy_look(&copy, report->config, visit->replica, directory, report->now);
    if (copy.quality != COPY_FRESH && copy.quality != COPY_STALE) {
        source->reason = copy.reason;
        if (copy.quality != COPY_NONE)
            sdr_error_set(&source->reason, "the replica is %s",
                          copy_quality_name(copy.quality));
        return false;
    }
    source->from_replica = true;
    source->from_a_file = copy.state.from_a_file != 0;
    source->age = copy.age;
    source->silent = sdr_replica_walk(visit->replica, directory, on_row, report,
                                      &source->reason)
                     != SDR_OK;
    return true;
}

/* ---- the directory ---- */

/* Addresses, or owner values, of the entry under way. */
struct texts {
    struct text {
        char *octets;
        size_t len;
        unsigned strength;
    } * items;
    size_t count, room;
};

struct reading {
    struct report *report;
    unsigned directory;
    struct sdr_reader reader;
    struct texts addresses, owners;
    char *dn;
    char *witness; /* the name of the first entry */
};

static bool
add_text(struct texts *texts, const char *octets, size_t len, unsigned strength)
{
    char *copy = malloc(len + 1);
    void *items =
        grow(texts->items, texts->count, &texts->room, sizeof *texts->items);

    if (items != NULL)
        texts->items = items;
    if (copy == NULL || items == NULL) {
        free(copy);
        return false;
    }
    memcpy(copy, octets, len);
    copy[len] = '\0';
    texts->items[texts->count++] = (struct text){copy, len, strength};
    return true;
}

static void
clear_texts(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i].octets);
    texts->count = 0;
}

static void
take_address(void *arg, const struct sdr_address *address, unsigned strength)
{
    struct reading *reading = arg;
    char text[SDR_ADDRESS_MAX + 1];
    int len =
        snprintf(text, sizeof text, "%s@%s", address->folded, address->domain);

    if (!add_text(&reading->addresses, text, (size_t)len, strength))
        reading->report->rows.no_memory = true;
}

static void
begin_entry(void *arg, const char *dn)
{
    struct reading *reading = arg;

    clear_texts(&reading->addresses);
    clear_texts(&reading->owners);
    free(reading->dn);
    reading->dn = strdup(dn);
    if (reading->witness == NULL)
        reading->witness = strdup(dn);
    if (reading->dn == NULL || reading->witness == NULL)
        reading->report->rows.no_memory = true;
    sdr_reader_begin_all(&reading->reader, reading->report->config,
                         reading->directory, dn, take_address, reading);
}

/* Everybody is in groups that say nothing about mail. */
static bool
is_foreign(const struct reading *reading, const char *attribute,
           const char *value, size_t len)
{
    const struct sdr_config *config = reading->report->config;

    return live_is(config->directories[reading->directory].mapping.owner,
                   attribute)
           && !live_is("memberOf", attribute)
           && sdr_config_owner(config, value, len) == 0;
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct reading *reading = arg;

    sdr_reader_value(&reading->reader, attribute, value, len);
    if (is_foreign(reading, attribute, value, len)
        && !add_text(&reading->owners, value, len, 0))
        reading->report->rows.no_memory = true;
}

static void
end_entry(void *arg)
{
    struct reading *reading = arg;
    struct rows *rows = &reading->report->rows;
    struct sdr_facts facts = *sdr_reader_end_all(&reading->reader);
    const char *first = NULL;

    for (size_t i = 0; reading->dn != NULL && i < reading->addresses.count;
         i++) {
        const struct text *address = &reading->addresses.items[i];

        facts.strength = address->strength;
        if (rows_add(rows, reading->report->config, address->octets, &facts,
                     reading->dn)
            && first == NULL)
            first = address->octets;
    }
    for (size_t i = 0; first != NULL && i < reading->owners.count; i++)
        rows_add_value(rows, reading->directory,
                       reading->owners.items[i].octets,
                       reading->owners.items[i].len, first);
}

static void
clear_reading(struct reading *reading)
{
    clear_texts(&reading->addresses);
    clear_texts(&reading->owners);
    free(reading->addresses.items);
    free(reading->owners.items);
    free(reading->dn);
    free(reading->witness);
}

static enum sdr_status
search(struct reading *reading, struct live *live, struct sdr_error *error)
{
    const struct sdr_list *addresses = &live->directory->mapping.addresses;
    const char **wanted = live_attributes(&live->directory->mapping, NULL, 0);
    char *filter =
        sdr_filter_present(live->directory, addresses->items, addresses->count);
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = reading};
    enum sdr_status status = SDR_TEMPFAIL;

    if (filter != NULL && wanted != NULL)
        status = live_search(live, &search, PAGE_S, error);
    else
        sdr_error_set(error, "no memory");
    free(wanted);
    free(filter);
    return status;
}

/* Nothing at all, or owners that may not be read, would be wrong numbers. */
static void
read_live(const struct visit *visit, unsigned directory,
          struct report_source *source)
{
    struct live live = {.directory =
                            &visit->report->config->directories[directory]};
    struct reading reading = {.report = visit->report, .directory = directory};
    enum sdr_status status = search(&reading, &live, &source->reason);

    if (status == SDR_OK)
        status =
            reading.witness != NULL
                ? live_prove_rights(&live, reading.witness, &source->reason)
                : live_prove_none(&live, &source->reason);
    source->silent = status != SDR_OK;
    clear_reading(&reading);
    live_close(&live);
}

/* ---- all of it ---- */

/* What was read of one that fell silent does not count. */
static void
forget(struct rows *rows, size_t count, size_t value_count)
{
    while (rows->count > count)
        free(rows->items[--rows->count].address);
    while (rows->value_count > value_count) {
        free(rows->values[--rows->value_count].value);
        free(rows->values[rows->value_count].address);
    }
}

static void
read_source(const struct visit *visit, unsigned directory)
{
    struct report *report = visit->report;
    const struct sdr_directory_options *options =
        &report->config->directories[directory];
    struct report_source *source = &report->sources[report->source_count++];
    size_t count = report->rows.count, values = report->rows.value_count;
    bool is_file = options->ldif_path != NULL;

    source->index = directory;
    source->directory = options->name;
    if ((visit->live && !is_file) || !read_copy(visit, directory, source)) {
        if (!is_file)
            read_live(visit, directory, source);
        else
            source->silent = true;
        if (is_file && visit->replica == NULL)
            sdr_error_set(&source->reason,
                          "it is a file, and there is no replica");
    }
    if (source->silent)
        forget(&report->rows, count, values);
    report->values_known &= !source->from_replica;
}

bool
report_read(struct report *report, const struct chosen *chosen, bool live)
{
    const struct sdr_config *config = report->config;
    struct visit visit = {report, NULL, live};

    report->values_known = true;
    report->sources = calloc(config->directory_count, sizeof *report->sources);
    if (config->replica.path != NULL)
        visit.replica = sdr_replica_new(config);
    if (report->sources == NULL
        || (config->replica.path != NULL && visit.replica == NULL)) {
        sdr_replica_free(&visit.replica);
        return false;
    }
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (is_chosen(chosen, &config->directories[i]))
            read_source(&visit, i);
    }
    sdr_replica_free(&visit.replica);
    return !report->rows.no_memory;
}
