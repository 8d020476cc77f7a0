/* ad.c - see ad.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/ad.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "ldap/filter.h"
#include "decision/value.h"

/* A search for an attribute without values or index makes the server read all
 * entries. Samba counts whole seconds of the clock, so a limit of one second
 * may expire at once. */
enum { LOOK_SECONDS = 2 };

/* A bit of searchFlags: reading requires CONTROL_ACCESS; RP is not enough. */
enum { CONFIDENTIAL = 128 };

static const char always_there[] = "objectClass"; /* in every readable schema */

/* ---- what users show ---- */

/* A check of the attributes that have not been shown yet. */
struct look {
    struct sdr_ad_attribute *attributes;
    unsigned count;
    const char *missing[SDR_AD_ATTRIBUTES_MAX + 2]; /* ended by NULL */
    unsigned missing_count;
    bool expected; /* one of the missing is */
    /* the definition being read */
    struct sdr_ad_attribute defined;
    bool schema_seen;
};

static void
list_missing(struct look *look)
{
    look->missing_count = 0;
    look->expected = false;
    for (unsigned i = 0; i < look->count; i++) {
        const struct sdr_ad_attribute *attribute = &look->attributes[i];

        if (attribute->name == NULL || attribute->shown)
            continue;
        look->missing[look->missing_count++] = attribute->name;
        look->expected |= attribute->expected;
    }
    look->missing[look->missing_count] = NULL;
}

static void
on_shown(void *arg, const char *attribute, const char *value, size_t len)
{
    struct look *look = arg;

    (void)value;
    (void)len;
    for (unsigned i = 0; i < look->count; i++) {
        if (sdr_attribute_is(look->attributes[i].name, attribute))
            look->attributes[i].shown = true;
    }
}

/* Search by FILTER, and free it. */
static enum sdr_status
ask(struct sdr_search *search, char *filter, struct sdr_connection *connection,
    struct sdr_error *error)
{
    enum sdr_status status;

    search->filter = filter;
    status = sdr_connection_search(connection, search, error);
    free(filter);
    return status;
}

/* Search for a user that shows one of the missing attributes. By default
 * everyone may read all attributes of groups and contacts, but not of users. */
static enum sdr_status
look_once(struct look *look, struct sdr_connection *connection,
          struct sdr_error *error)
{
    struct sdr_search search = {.attributes = look->missing,
                                .size_limit = 1,
                                .time_limit = look->expected ? 0 : LOOK_SECONDS,
                                .value = on_shown,
                                .arg = look};

    return ask(&search,
               sdr_filter_users(sdr_connection_directory(connection),
                                look->missing, look->missing_count),
               connection, error);
}

/* ---- what the schema has ---- */

static void
on_definition(void *arg, const char *dn)
{
    struct look *look = arg;

    (void)dn;
    look->defined = (struct sdr_ad_attribute){.name = NULL};
}

static void
on_definition_value(void *arg, const char *attribute, const char *value,
                    size_t len)
{
    struct look *look = arg;
    char number[16];

    if (strcasecmp(attribute, "searchFlags") == 0) {
        snprintf(number, sizeof number, "%.*s", (int)len, value);
        look->defined.confidential =
            (strtoul(number, NULL, 10) & CONFIDENTIAL) != 0;
        return;
    }
    for (unsigned i = 0; look->missing[i] != NULL; i++) {
        if (sdr_value_is(look->missing[i], value, len))
            look->defined.name = look->missing[i];
    }
}

static void
on_definition_end(void *arg)
{
    struct look *look = arg;

    if (look->defined.name == NULL)
        return;
    look->schema_seen |= look->defined.name == always_there;
    for (unsigned i = 0; i < look->count; i++) {
        struct sdr_ad_attribute *attribute = &look->attributes[i];

        if (attribute->name != NULL
            && strcasecmp(attribute->name, look->defined.name) == 0) {
            attribute->known = true;
            attribute->confidential = look->defined.confidential;
        }
    }
}

/* Read the schema definitions of the missing attributes. */
static enum sdr_status
read_definitions(struct look *look, struct sdr_connection *connection,
                 struct sdr_error *error)
{
    static const char *const wanted[] = {"lDAPDisplayName", "searchFlags",
                                         NULL};
    struct sdr_search search = {
        .base = sdr_connection_server(connection)->definitions,
        .below = true,
        .attributes = wanted,
        .entry = on_definition,
        .value = on_definition_value,
        .end = on_definition_end,
        .arg = look};
    enum sdr_status status;

    look->missing[look->missing_count++] = always_there;
    look->missing[look->missing_count] = NULL;
    status =
        ask(&search, sdr_filter_definitions(look->missing, look->missing_count),
            connection, error);
    if (status == SDR_OK && !look->schema_seen) {
        sdr_error_set(error, "the schema cannot be read");
        status = SDR_TEMPFAIL;
    }
    return status;
}

enum sdr_status
sdr_ad_look(struct sdr_connection *connection,
            struct sdr_ad_attribute *attributes, unsigned count,
            struct sdr_error *error)
{
    struct look look = {.attributes = attributes, .count = count};
    enum sdr_status status = SDR_OK;
    unsigned before;

    list_missing(&look);
    do { /* one entry seldom shows all */
        before = look.missing_count;
        if (before > 0)
            status = look_once(&look, connection, error);
        list_missing(&look);
    } while (status == SDR_OK && look.missing_count < before);
    if (status != SDR_OK || look.missing_count == 0)
        return status;
    return read_definitions(&look, connection, error);
}
