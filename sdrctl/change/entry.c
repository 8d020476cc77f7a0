/* entry.c - see entry.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/pages.h"
#include "array.h"
#include "decision/profile.h"
#include "decision/value.h"

/* The time limit of one page of results, or of one entry, in seconds. A server
 * may be busy. */
enum { PAGE_S = 60 };

static const char *const group_classes[] = {
    "group",       "groupOfNames", "groupOfUniqueNames",
    "groupOfURLs", "posixGroup",   "nisMailAlias"};

/* ---- values ---- */

bool
values_add(struct values *values, const char *value, size_t len)
{
    struct berval copy = {len, sdr_octets_copy(value, len)};

    if (copy.bv_val == NULL
        || !sdr_array_append(&values->items, &values->count, &values->room,
                             &copy, sizeof copy)) {
        free(copy.bv_val);
        return false;
    }
    return true;
}

bool
values_contain(const struct values *values, const struct berval *value)
{
    for (size_t i = 0; i < values->count; i++) {
        if (values->items[i].bv_len == value->bv_len
            && memcmp(values->items[i].bv_val, value->bv_val, value->bv_len)
                   == 0)
            return true;
    }
    return false;
}

bool
values_same(const struct values *a, const struct values *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!values_contain(b, &a->items[i]))
            return false;
    }
    return true;
}

void
values_clear(struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        free(values->items[i].bv_val);
    free(values->items);
    *values = (struct values){0};
}

/* ---- people ---- */

static void
person_clear(struct person *person)
{
    free(person->dn);
    free(person->address);
    values_clear(&person->owner);
    values_clear(&person->routing);
    values_clear(&person->hold);
}

void
people_clear(struct people *people)
{
    for (size_t i = 0; i < people->count; i++)
        person_clear(&people->items[i]);
    free(people->items);
    *people = (struct people){NULL, 0, 0};
}

static bool
people_add(struct people *people, struct person *person)
{
    if (!sdr_array_append(&people->items, &people->count, &people->room, person,
                          sizeof *person))
        return false;
    memset(person, 0, sizeof *person);
    return true;
}

/* ---- reading ---- */

struct entry_reader {
    const struct sdr_config *config;
    const struct sdr_mapping *mapping;
    const struct sdr_keys *keys; /* NULL: all entries */
    const char *address;
    struct people *people;
    struct person person; /* being read */
    struct sdr_reader reader;
    bool no_memory;
};

/* Keep the first address in a split domain. */
static void
on_address(void *arg, const struct sdr_address *address, unsigned strength,
           bool certain)
{
    struct entry_reader *reader = arg;
    const struct sdr_name *name =
        sdr_config_name(reader->config, address->domain);
    char text[SDR_ADDRESS_MAX + 1];

    (void)strength;
    if (!certain || reader->person.address != NULL || name == NULL
        || name->kind != SDR_NAME_SPLIT || address->local[0] == '\0')
        return;
    sdr_address_format(address, text, sizeof text);
    reader->person.address = strdup(text);
    reader->no_memory |= reader->person.address == NULL;
}

static void
on_entry(void *arg, const char *dn)
{
    struct entry_reader *reader = arg;
    unsigned directory = reader->person.directory;

    person_clear(&reader->person); /* an entry that was incomplete */
    memset(&reader->person, 0, sizeof reader->person);
    reader->person.directory = directory;
    reader->person.dn = strdup(dn);
    reader->no_memory |= reader->person.dn == NULL;
    if (reader->keys != NULL)
        sdr_reader_begin(&reader->reader, reader->config, reader->keys,
                         directory, dn);
    else
        sdr_reader_begin_all(&reader->reader, reader->config, directory, dn,
                             on_address, reader);
}

static void
set_class(struct person *person, const char *value, size_t len)
{
    for (size_t i = 0; i < sizeof group_classes / sizeof group_classes[0]; i++)
        person->is_group |= sdr_value_is(group_classes[i], value, len);
    person->is_recipient |= sdr_value_is("sdrRecipient", value, len);
    person->is_ad |=
        sdr_value_is("user", value, len) || sdr_value_is("contact", value, len);
    person->has_class = true;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct entry_reader *reader = arg;
    struct person *person = &reader->person;
    const struct sdr_mapping *mapping = reader->mapping;
    bool ok = true;

    sdr_reader_value(&reader->reader, attribute, value, len);
    if (sdr_attribute_is("objectClass", attribute))
        set_class(person, value, len);
    if (sdr_attribute_is(mapping->owner, attribute))
        ok = values_add(&person->owner, value, len);
    if (ok && sdr_attribute_is(mapping->routing, attribute))
        ok = values_add(&person->routing, value, len);
    if (ok && sdr_attribute_is(mapping->hold, attribute))
        ok = values_add(&person->hold, value, len);
    reader->no_memory |= !ok;
}

static void
on_entry_end(void *arg)
{
    struct entry_reader *reader = arg;
    struct person *person = &reader->person;
    bool found = false;

    if (reader->keys != NULL) {
        found = sdr_reader_end(&reader->reader, &person->facts, &(bool){false});
        if (found)
            person->address = strdup(reader->address);
        reader->no_memory |= found && person->address == NULL;
    } else {
        person->facts = *sdr_reader_end_all(&reader->reader);
        found = person->address != NULL;
    }
    if (found && !people_add(reader->people, person))
        reader->no_memory = true;
}

static enum sdr_status
search(const struct entries *entries, const struct entry_reader *reader,
       struct sdr_search *wish, struct sdr_error *error)
{
    if (entries->file != NULL)
        return ldif_index_search(entries->file, reader->keys, wish, error);
    return sdr_pages_search(entries->connection, wish,
                            &(struct sdr_pages){.seconds = PAGE_S}, error);
}

/* Search and collect entries. Frees FILTER. */
static enum sdr_status
find(const struct entries *entries, struct entry_reader *reader, char *filter,
     struct sdr_error *error)
{
    static const char *const more[] = {"objectClass", NULL};
    const char **wanted = sdr_profile_attributes(reader->mapping, more);
    struct sdr_search wish = {.filter = filter,
                              .attributes = wanted,
                              .entry = on_entry,
                              .value = on_value,
                              .end = on_entry_end,
                              .arg = reader};
    enum sdr_status status = search(entries, reader, &wish, error);

    person_clear(&reader->person);
    free(wanted);
    free(filter);
    if (!reader->no_memory)
        return status;
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
person_find(const struct entries *entries, const struct sdr_config *config,
            unsigned directory, const char *address, struct people *people,
            struct sdr_error *error)
{
    const struct sdr_directory_options *options =
        &config->directories[directory];
    struct sdr_keys keys = {.count = 1};
    struct entry_reader reader = {.config = config,
                                  .mapping = &options->mapping,
                                  .keys = &keys,
                                  .address = address,
                                  .people = people,
                                  .person = {.directory = directory}};
    const struct sdr_name *name;

    if (sdr_address_parse(&keys.key[0], address) != SDR_OK
        || keys.key[0].local[0] == '\0') {
        sdr_error_set(error, "not a valid address");
        return SDR_INVALID;
    }
    name = sdr_config_name(config, keys.key[0].domain);
    if (name == NULL || name->kind != SDR_NAME_SPLIT) {
        sdr_error_set(error, "not in a split domain");
        return SDR_INVALID;
    }
    /* The directory has addresses in the canonical domain only. */
    snprintf(keys.key[0].domain, sizeof keys.key[0].domain, "%s",
             config->domains[name->split].ascii);
    return find(entries, &reader,
                entries->file == NULL ? sdr_filter_keys(options, &keys) : NULL,
                error);
}

enum sdr_status
person_find_all(struct sdr_connection *connection,
                const struct sdr_config *config, unsigned directory,
                const char *filter, struct people *people,
                struct sdr_error *error)
{
    const struct sdr_directory_options *options =
        &config->directories[directory];
    struct entry_reader reader = {.config = config,
                                  .mapping = &options->mapping,
                                  .people = people,
                                  .person = {.directory = directory}};
    char *present =
        sdr_filter_present(options, options->mapping.addresses.items,
                           options->mapping.addresses.count);
    char *both = NULL;

    if (present == NULL || asprintf(&both, "(&%s%s)", present, filter) < 0)
        both = NULL;
    free(present);
    return find(&(struct entries){connection, NULL}, &reader, both, error);
}

/* ---- reading one entry again ---- */

struct entry_rereader {
    const char *const *names;
    size_t count;
    struct values *values;
    bool found, no_memory;
};

static void
on_reread_entry(void *arg, const char *dn)
{
    (void)dn;
    ((struct entry_rereader *)arg)->found = true;
}

static void
on_reread_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct entry_rereader *reader = arg;

    for (size_t i = 0; i < reader->count; i++) {
        if (sdr_attribute_is(reader->names[i], attribute)
            && !values_add(&reader->values[i], value, len))
            reader->no_memory = true;
    }
}

static void
on_reread_end(void *arg)
{
    (void)arg;
}

enum sdr_status
person_read(struct sdr_connection *connection, const char *dn,
            const char *const *names, size_t count, struct values *values,
            struct sdr_error *error)
{
    struct entry_rereader reader = {names, count, values, false, false};
    const char **wanted = calloc(count + 1, sizeof *wanted);
    struct sdr_search search = {.base = dn,
                                .filter = "(objectClass=*)",
                                .attributes = wanted,
                                .entry = on_reread_entry,
                                .value = on_reread_value,
                                .end = on_reread_end,
                                .arg = &reader};
    enum sdr_status status = SDR_TEMPFAIL;

    memset(values, 0, count * sizeof *values);
    if (wanted == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    memcpy(wanted, names, count * sizeof *names);
    sdr_connection_set_deadline(connection, sdr_clock() + 1000 * PAGE_S);
    status = sdr_connection_search(connection, &search, error);
    free(wanted);
    if (reader.no_memory) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    if (sdr_connection_is_broken(connection))
        return status;
    return reader.found ? SDR_OK : SDR_NOTFOUND;
}
