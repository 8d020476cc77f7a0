/* person.c - see person.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "filter.h"
#include "grow.h"
#include "profile.h"

/* Enough for one page of a server that is busy (milliseconds). */
enum { WAIT_MS = 60 * 1000, PAGE_SIZE = 500 };

static const char *const group_classes[] = {
    "group",       "groupOfNames", "groupOfUniqueNames",
    "groupOfURLs", "posixGroup",   "nisMailAlias"};

/* ---- values ---- */

bool
values_add(struct values *values, const char *value, size_t len)
{
    struct berval *items =
        realloc(values->items, (values->count + 1) * sizeof *items);
    char *copy = malloc(len + 1);

    if (items != NULL)
        values->items = items;
    if (items == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    memcpy(copy, value, len);
    copy[len] = '\0';
    values->items[values->count++] = (struct berval){len, copy};
    return true;
}

static bool
has_value(const struct values *values, const struct berval *value)
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
        if (!has_value(b, &a->items[i]))
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
    *values = (struct values){NULL, 0};
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
    void *items = grow(people->items, people->count, &people->room,
                       sizeof *people->items);

    if (items == NULL)
        return false;
    people->items = items;
    people->items[people->count++] = *person;
    memset(person, 0, sizeof *person);
    return true;
}

/* ---- reading ---- */

struct reading {
    const struct sdr_config *config;
    const struct sdr_mapping *mapping;
    const struct sdr_keys *keys; /* NULL: all */
    const char *address;
    struct people *people;
    struct person person; /* that is being read */
    struct sdr_reader reader;
    bool no_memory;
};

/* The first address that anybody may ask for. */
static void
take_address(void *arg, const struct sdr_address *address, unsigned strength)
{
    struct reading *reading = arg;
    const struct sdr_name *name =
        sdr_config_name(reading->config, address->domain);
    char text[SDR_ADDRESS_MAX + 1];

    (void)strength;
    if (reading->person.address != NULL || name == NULL
        || name->kind != SDR_NAME_SPLIT || address->local[0] == '\0')
        return;
    sdr_address_format(address, text, sizeof text);
    reading->person.address = strdup(text);
    reading->no_memory |= reading->person.address == NULL;
}

static void
begin_person(void *arg, const char *dn)
{
    struct reading *reading = arg;
    unsigned directory = reading->person.directory;

    person_clear(&reading->person); /* one that was broken off */
    memset(&reading->person, 0, sizeof reading->person);
    reading->person.directory = directory;
    reading->person.dn = strdup(dn);
    reading->no_memory |= reading->person.dn == NULL;
    if (reading->keys != NULL)
        sdr_reader_begin(&reading->reader, reading->config, reading->keys,
                         directory, dn);
    else
        sdr_reader_begin_all(&reading->reader, reading->config, directory, dn,
                             take_address, reading);
}

static bool
is(const char *name, const char *attribute, size_t len)
{
    return name != NULL && strlen(name) == len
           && strncasecmp(name, attribute, len) == 0;
}

static void
take_class(struct person *person, const char *value, size_t len)
{
    for (size_t i = 0; i < sizeof group_classes / sizeof group_classes[0]; i++)
        person->is_group |= is(group_classes[i], value, len);
    person->is_recipient |= is("sdrRecipient", value, len);
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct reading *reading = arg;
    struct person *person = &reading->person;
    const struct sdr_mapping *mapping = reading->mapping;
    size_t n = strcspn(attribute, ";");
    bool ok = true;

    sdr_reader_value(&reading->reader, attribute, value, len);
    if (is("objectClass", attribute, n))
        take_class(person, value, len);
    if (is(mapping->owner, attribute, n))
        ok = values_add(&person->owner, value, len);
    if (ok && is(mapping->routing, attribute, n))
        ok = values_add(&person->routing, value, len);
    if (ok && is(mapping->hold, attribute, n))
        ok = values_add(&person->hold, value, len);
    reading->no_memory |= !ok;
}

static void
end_person(void *arg)
{
    struct reading *reading = arg;
    struct person *person = &reading->person;
    bool found = false;

    if (reading->keys != NULL) {
        found =
            sdr_reader_end(&reading->reader, &person->facts, &(bool){false});
        if (found)
            person->address = strdup(reading->address);
        reading->no_memory |= found && person->address == NULL;
    } else {
        person->facts = *sdr_reader_end_all(&reading->reader);
        found = person->address != NULL;
    }
    if (found && !people_add(reading->people, person))
        reading->no_memory = true;
}

/* Every page of the search. */
static enum sdr_status
search_all(struct sdr_connection *connection, struct sdr_search *search,
           struct sdr_error *error)
{
    struct sdr_page page = {.size = PAGE_SIZE};
    enum sdr_status status;
    bool broken;

    search->page = &page;
    do {
        status = sdr_connection_search(connection, search,
                                       sdr_clock() + WAIT_MS, &broken, error);
    } while (status == SDR_OK && page.more);
    sdr_page_clear(&page);
    if (status == SDR_OK && !search->complete) {
        sdr_error_set(error, "the server refers to another one");
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* Owns FILTER. */
static enum sdr_status
find(struct sdr_connection *connection, struct reading *reading, char *filter,
     struct sdr_error *error)
{
    static const char *const more[] = {"objectClass", NULL};
    const char **wanted = sdr_profile_attributes(reading->mapping, more);
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_person,
                                .value = take_value,
                                .end = end_person,
                                .arg = reading};
    enum sdr_status status = SDR_TEMPFAIL;

    reading->no_memory |= filter == NULL || wanted == NULL;
    if (!reading->no_memory)
        status = search_all(connection, &search, error);
    person_clear(&reading->person);
    free(wanted);
    free(filter);
    if (!reading->no_memory)
        return status;
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
person_find(struct sdr_connection *connection, const struct sdr_config *config,
            unsigned directory, const char *address, struct people *people,
            struct sdr_error *error)
{
    const struct sdr_directory_options *options =
        &config->directories[directory];
    struct sdr_keys keys = {.count = 1};
    struct reading reading = {.config = config,
                              .mapping = &options->mapping,
                              .keys = &keys,
                              .address = address,
                              .people = people,
                              .person = {.directory = directory}};
    const struct sdr_name *name;

    if (sdr_address_parse(&keys.key[0], address) != SDR_OK
        || keys.key[0].local[0] == '\0') {
        sdr_error_set(error, "is no address");
        return SDR_INVALID;
    }
    name = sdr_config_name(config, keys.key[0].domain);
    if (name == NULL || name->kind != SDR_NAME_SPLIT) {
        sdr_error_set(error, "is not in a split domain");
        return SDR_INVALID;
    }
    /* Aliases of the domain are one domain in the directory's eyes. */
    snprintf(keys.key[0].domain, sizeof keys.key[0].domain, "%s",
             config->domains[name->split].ascii);
    return find(connection, &reading, sdr_filter_keys(options, &keys), error);
}

enum sdr_status
person_find_all(struct sdr_connection *connection,
                const struct sdr_config *config, unsigned directory,
                const char *filter, struct people *people,
                struct sdr_error *error)
{
    const struct sdr_directory_options *options =
        &config->directories[directory];
    struct reading reading = {.config = config,
                              .mapping = &options->mapping,
                              .people = people,
                              .person = {.directory = directory}};
    char *present =
        sdr_filter_present(options, options->mapping.addresses.items,
                           options->mapping.addresses.count);
    char *both = NULL;

    if (filter[0] != '(' || filter[strlen(filter) - 1] != ')') {
        free(present);
        sdr_error_set(error, "is no filter: it begins with ( and ends with )");
        return SDR_INVALID;
    }
    if (present == NULL || asprintf(&both, "(&%s%s)", present, filter) < 0)
        both = NULL;
    free(present);
    return find(connection, &reading, both, error);
}

/* ---- one entry, again ---- */

struct rereading {
    const char *const *names;
    size_t count;
    struct values *values;
    bool found, no_memory;
};

static void
found_entry(void *arg, const char *dn)
{
    (void)dn;
    ((struct rereading *)arg)->found = true;
}

static void
found_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct rereading *reading = arg;
    size_t n = strcspn(attribute, ";");

    for (size_t i = 0; i < reading->count; i++) {
        if (is(reading->names[i], attribute, n)
            && !values_add(&reading->values[i], value, len))
            reading->no_memory = true;
    }
}

static void
found_end(void *arg)
{
    (void)arg;
}

enum sdr_status
person_read(struct sdr_connection *connection, const char *dn,
            const char *const *names, size_t count, struct values *values,
            struct sdr_error *error)
{
    struct rereading reading = {names, count, values, false, false};
    const char **wanted = calloc(count + 1, sizeof *wanted);
    struct sdr_search search = {.base = dn,
                                .filter = "(objectClass=*)",
                                .attributes = wanted,
                                .entry = found_entry,
                                .value = found_value,
                                .end = found_end,
                                .arg = &reading};
    enum sdr_status status = SDR_TEMPFAIL;
    bool broken = true;

    memset(values, 0, count * sizeof *values);
    if (wanted == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    memcpy(wanted, names, count * sizeof *names);
    status = sdr_connection_search(connection, &search, sdr_clock() + WAIT_MS,
                                   &broken, error);
    free(wanted);
    if (reading.no_memory) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    if (status != SDR_OK && broken)
        return status;
    return reading.found ? SDR_OK : SDR_NOTFOUND;
}
