/* unreported.c - see unreported.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/unreported.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldap_schema.h>

#include "ldap/server_kind.h"

/* Written by the server only, together with the change that it reports. */
static const char *const with_the_entry[] = {
    "createTimestamp", "creatorsName", "entryCSN",
    "entryDN",         "entryUUID",    "modifiersName",
    "modifyTimestamp", "nsUniqueId",   "structuralObjectClass"};

enum { NAMES_MAX = 32 };

struct look {
    char names[NAMES_MAX][UNREPORTED_NAME_MAX]; /* that matter */
    unsigned count;
    char *unreported;
};

/* ---- attributes that matter ---- */

static void
add(struct look *look, const char *name, size_t len)
{
    char *to = look->names[look->count];

    if (look->count == NAMES_MAX - 1 || len >= UNREPORTED_NAME_MAX)
        return;
    snprintf(to, UNREPORTED_NAME_MAX, "%.*s", (int)len, name);
    for (size_t i = 0; i < sizeof with_the_entry / sizeof *with_the_entry;
         i++) {
        if (strcasecmp(to, with_the_entry[i]) == 0)
            return;
    }
    look->count++;
}

/* Add the attributes of a filter. Each "(" is followed by an attribute or an
 * operator (RFC 4515); in values "(" is escaped. */
static void
add_filter(struct look *look, const char *filter)
{
    for (const char *at = strchr(filter, '('); at != NULL;
         at = strchr(at, '(')) {
        size_t len = strcspn(++at, "()&|!=<>~:; ");

        if (len > 0)
            add(look, at, len);
    }
}

static void
list_names(struct look *look, const struct sdr_directory_options *directory)
{
    const struct sdr_mapping *mapping = &directory->mapping;
    const char *others[] = {mapping->owner, mapping->routing, mapping->hold};

    for (unsigned i = 0; i < 3; i++) {
        if (others[i] != NULL)
            add(look, others[i], strlen(others[i]));
    }
    for (unsigned i = 0; i < mapping->addresses.count; i++)
        add(look, mapping->addresses.items[i],
            strlen(mapping->addresses.items[i]));
    if (directory->filter != NULL)
        add_filter(look, directory->filter);
}

/* ---- attributes that are reported ---- */

static void
judge(struct look *look, const LDAPAttributeType *type)
{
    if (!type->at_no_user_mod && !type->at_collective)
        return;
    for (char **name = type->at_names; name != NULL && *name != NULL; name++) {
        for (unsigned i = 0; i < look->count; i++) {
            if (strcasecmp(look->names[i], *name) == 0)
                strcpy(look->unreported, look->names[i]);
        }
    }
}

static void
on_definition(void *arg, const char *attribute, const char *value, size_t len)
{
    char *text = strndup(value, len);
    const char *where;
    LDAPAttributeType *type = NULL;
    int code;

    (void)attribute;
    if (text != NULL)
        type =
            ldap_str2attributetype(text, &code, &where, LDAP_SCHEMA_ALLOW_ALL);
    if (type != NULL)
        judge(arg, type);
    ldap_attributetype_free(type);
    free(text);
}

static void
judge_membership(struct look *look)
{
    for (unsigned i = 0; i < look->count; i++) {
        if (strcasecmp(look->names[i], "memberOf") == 0)
            strcpy(look->unreported, look->names[i]);
    }
}

enum sdr_status
unreported_find(struct sdr_connection *connection,
                char unreported[UNREPORTED_NAME_MAX], struct sdr_error *error)
{
    static const char *const definitions[] = {"attributeTypes", NULL};
    const struct sdr_server_facts *server = sdr_connection_server(connection);
    struct look look = {.unreported = unreported};
    struct sdr_search search = {.base = server->schema,
                                .filter = "(objectClass=*)",
                                .attributes = definitions,
                                .value = on_definition,
                                .arg = &look};
    enum sdr_status status = sdr_server_detect(connection, error);

    unreported[0] = '\0';
    list_names(&look, sdr_connection_directory(connection));
    if (status == SDR_OK && server->schema[0] != '\0'
        && sdr_connection_search(connection, &search, error) != SDR_OK
        && sdr_connection_is_broken(connection))
        status = SDR_TEMPFAIL; /* a schema that is not readable is no failure */
    if (server->kind != SDR_SERVER_389DS)
        judge_membership(&look);
    return status;
}
