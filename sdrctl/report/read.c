/* read.c - see read.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/read.h"

#include <stdlib.h>
#include <string.h>

#include "replica_copy.h"
#include "ldap/filter.h"
#include "array.h"
#include "live.h"
#include "decision/profile.h"
#include "decision/value.h"

/* The time limit of each page of results, in seconds: a server may have to read
 * all its entries. */
enum { PAGE_S = 60 };

struct read_state {
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

/* Read the rows from the replica. Returns false if the directory itself must be
 * read. */
static bool
read_replica(const struct read_state *state, unsigned directory,
             struct report_source *source)
{
    struct report *report = state->report;
    struct copy copy;

    if (state->replica == NULL)
        return false;
    copy_read(&copy, report->config, state->replica, directory, report->now);
    if (copy.quality != COPY_FRESH && copy.quality != COPY_STALE) {
        source->reason = copy.reason;
        if (copy.quality != COPY_NONE)
            sdr_error_set(&source->reason,
                          "the replica is %s; see sdrctl sync status",
                          copy_quality_name(copy.quality));
        return false;
    }
    source->from_replica = true;
    source->from_a_file = copy.state.from_a_file != 0;
    source->age = copy.age;
    source->silent = sdr_replica_walk(state->replica, directory, on_row, report,
                                      &source->reason)
                     != SDR_OK;
    return true;
}

/* ---- the directory ---- */

struct text {
    char *octets;
    size_t len;
    unsigned strength;
    bool certain;
};

/* Addresses, or owner values, of the entry being read. */
struct texts {
    struct text *items;
    size_t count, room;
};

struct read_reader {
    struct report *report;
    unsigned directory;
    const struct sdr_groups *groups;
    struct sdr_groups nested; /* groups in those that name owners */
    struct sdr_reader reader;
    struct texts addresses, owners, inner;
    char *dn;
    char *first_dn; /* DN of the first entry */
};

static bool
add_text(struct texts *texts, const char *octets, size_t len, unsigned strength,
         bool certain)
{
    struct text text = {sdr_octets_copy(octets, len), len, strength, certain};

    if (text.octets == NULL
        || !sdr_array_append(&texts->items, &texts->count, &texts->room, &text,
                             sizeof text)) {
        free(text.octets);
        return false;
    }
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
on_address(void *arg, const struct sdr_address *address, unsigned strength,
           bool certain)
{
    struct read_reader *reader = arg;
    char text[SDR_ADDRESS_MAX + 1];
    int len =
        snprintf(text, sizeof text, "%s@%s", address->folded, address->domain);

    if (!add_text(&reader->addresses, text, (size_t)len, strength, certain))
        reader->report->rows.no_memory = true;
}

static void
on_entry(void *arg, const char *dn)
{
    struct read_reader *reader = arg;

    clear_texts(&reader->addresses);
    clear_texts(&reader->owners);
    clear_texts(&reader->inner);
    free(reader->dn);
    reader->dn = strdup(dn);
    if (reader->first_dn == NULL)
        reader->first_dn = strdup(dn);
    if (reader->dn == NULL || reader->first_dn == NULL)
        reader->report->rows.no_memory = true;
    sdr_reader_begin_all(&reader->reader, reader->report->config,
                         reader->directory, dn, on_address, reader);
    reader->reader.groups = reader->groups;
}

/* Add an owner value that matches no site. A value of memberOf is left out,
 * because most groups have nothing to do with mail. A group nested in a group
 * that names an owner is kept, as its members may be meant to have that owner.
 */
static bool
add_foreign(struct read_reader *reader, const char *attribute,
            const char *value, size_t len)
{
    bool is_group = sdr_attribute_is("memberOf", attribute);
    bool is_nested = sdr_groups_sites(&reader->nested, value, len) != 0;

    return (is_group || add_text(&reader->owners, value, len, 0, true))
           && (!is_nested || add_text(&reader->inner, value, len, 0, true));
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct read_reader *reader = arg;
    const struct sdr_config *config = reader->report->config;

    sdr_reader_value(&reader->reader, attribute, value, len);
    if (sdr_attribute_is(config->directories[reader->directory].mapping.owner,
                         attribute)
        && sdr_config_owner(config, value, len) == 0
        && !add_foreign(reader, attribute, value, len))
        reader->report->rows.no_memory = true;
}

static void
add_values(const struct read_reader *reader, const struct texts *owners,
           const char *address)
{
    for (size_t i = 0; i < owners->count; i++)
        rows_add_value(&reader->report->rows, reader->directory,
                       owners->items[i].octets, owners->items[i].len, address);
}

static void
on_entry_end(void *arg)
{
    struct read_reader *reader = arg;
    struct rows *rows = &reader->report->rows;
    struct sdr_facts facts = *sdr_reader_end_all(&reader->reader);
    const char *first = NULL;

    for (size_t i = 0; reader->dn != NULL && i < reader->addresses.count; i++) {
        const struct text *address = &reader->addresses.items[i];

        facts.strength = address->strength;
        facts.unreadable = !address->certain;
        if (rows_add(rows, reader->report->config, address->octets, &facts,
                     reader->dn)
            && first == NULL)
            first = address->octets;
    }
    if (first == NULL)
        return;
    add_values(reader, &reader->owners, first);
    if (facts.by_default)
        add_values(reader, &reader->inner, first);
}

static void
clear_reader(struct read_reader *reader)
{
    clear_texts(&reader->addresses);
    clear_texts(&reader->owners);
    clear_texts(&reader->inner);
    free(reader->addresses.items);
    free(reader->owners.items);
    free(reader->inner.items);
    sdr_groups_clear(&reader->nested);
    free(reader->dn);
    free(reader->first_dn);
}

static enum sdr_status
search(struct read_reader *reader, struct live *live, struct sdr_error *error)
{
    const struct sdr_list *addresses = &live->directory->mapping.addresses;
    struct sdr_search search = {.entry = on_entry,
                                .value = on_value,
                                .end = on_entry_end,
                                .arg = reader};

    return live_search(
        live,
        sdr_filter_present(live->directory, addresses->items, addresses->count),
        NULL, &search, PAGE_S, error);
}

/* Read the rows from the directory. The source is missing unless its entries
 * and their owners are proven to be readable: the numbers would be wrong. */
static void
read_live(const struct read_state *state, unsigned directory,
          struct report_source *source)
{
    struct live live = {.directory =
                            &state->report->config->directories[directory]};
    struct read_reader reader = {.report = state->report,
                                 .directory = directory,
                                 .nested = {.everywhere = true}};
    enum sdr_status status = live_find_groups(&live, &source->reason);

    if (status == SDR_OK) {
        reader.groups = &live.session->groups;
        if (!reader.groups->follows)
            status = sdr_groups_find(&reader.nested, live.session->connection,
                                     &source->reason);
    }
    if (status == SDR_OK)
        status = search(&reader, &live, &source->reason);
    if (status == SDR_OK)
        status = live_prove(&live, reader.first_dn, &source->reason);
    source->silent = status != SDR_OK;
    clear_reader(&reader);
    live_close(&live);
}

/* ---- the report ---- */

/* Drop the rows of a directory that stopped answering. */
static void
drop_rows(struct rows *rows, size_t count, size_t value_count, size_t bad_count)
{
    while (rows->count > count)
        free(rows->items[--rows->count].address);
    while (rows->value_count > value_count) {
        free(rows->values[--rows->value_count].value);
        free(rows->values[rows->value_count].address);
    }
    while (rows->bad_count > bad_count) {
        free(rows->bad_values[--rows->bad_count].address);
        free(rows->bad_values[rows->bad_count].text);
    }
}

static void
read_source(const struct read_state *state, unsigned directory)
{
    struct report *report = state->report;
    const struct sdr_directory_options *options =
        &report->config->directories[directory];
    struct report_source *source = &report->sources[report->source_count++];
    size_t count = report->rows.count, values = report->rows.value_count;
    size_t bad_values = report->rows.bad_count;
    bool is_file = options->ldif_path != NULL;

    source->index = directory;
    source->directory = options->name;
    if ((state->live && !is_file) || !read_replica(state, directory, source)) {
        if (!is_file)
            read_live(state, directory, source);
        else
            source->silent = true;
        if (is_file && state->replica == NULL)
            sdr_error_set(&source->reason,
                          "it is a file, and no replica is configured");
    }
    if (source->silent)
        drop_rows(&report->rows, count, values, bad_values);
    report->values_known &= !source->from_replica;
}

bool
report_read(struct report *report, const struct chosen *chosen, bool live)
{
    const struct sdr_config *config = report->config;
    struct read_state state = {report, NULL, live};

    report->values_known = true;
    report->sources = calloc(config->directory_count, sizeof *report->sources);
    if (config->replica.path != NULL)
        state.replica = sdr_replica_new(config);
    if (report->sources == NULL
        || (config->replica.path != NULL && state.replica == NULL)) {
        sdr_replica_free(&state.replica);
        return false;
    }
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (is_chosen(chosen, config->directories[i].name))
            read_source(&state, i);
    }
    sdr_replica_free(&state.replica);
    return !report->rows.no_memory;
}
