/* directory_schema.c - the schema of a directory server
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldap_schema.h>

#include "ldap/server_kind.h"
#include "check/directory_check.h"

static bool
has_name(char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcasecmp(*names, name) == 0)
            return true;
    }
    return false;
}

static void
find_attribute(struct directory_check *check, const char *definition)
{
    const char *where;
    int code;
    LDAPAttributeType *type = ldap_str2attributetype(definition, &code, &where,
                                                     LDAP_SCHEMA_ALLOW_ALL);

    if (type == NULL)
        return;
    for (unsigned i = 0; i < check->attribute_count; i++) {
        if (has_name(type->at_names, check->attributes[i].name))
            check->attributes[i].in_schema = true;
    }
    ldap_attributetype_free(type);
}

static void
find_class(struct directory_check *check, const char *definition)
{
    const char *where;
    int code;
    LDAPObjectClass *class =
        ldap_str2objectclass(definition, &code, &where, LDAP_SCHEMA_ALLOW_ALL);

    if (class == NULL)
        return;
    check->has_class |= has_name(class->oc_names, "sdrRecipient");
    ldap_objectclass_free(class);
}

static void
on_schema_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct directory_check *check = arg;
    char *definition = strndup(value, len);

    if (definition != NULL && strcasecmp(attribute, "attributeTypes") == 0)
        find_attribute(check, definition);
    else if (definition != NULL)
        find_class(check, definition);
    free(definition);
}

static void
report_attribute(struct directory_check *check,
                 const struct directory_check_attribute *attribute)
{
    char advice[256];

    if (attribute->in_schema)
        return;
    if (!attribute->named) {
        report_finding(&check->worst, CHECK_OK, "schema", NULL,
                       "the schema has no attribute %s: it is not used",
                       attribute->name);
        return;
    }
    snprintf(advice, sizeof advice, "correct %s, or load the schema of %s",
             attribute->option, attribute->name);
    report_finding(&check->worst, CHECK_WRONG, "schema", advice,
                   "the schema has no attribute %s", attribute->name);
}

void
directory_check_schema(struct directory_check *check)
{
    static const char *const attributes[] = {"attributeTypes", "objectClasses",
                                             NULL};
    bool ours = strcasecmp(check->directory->profile, "sdr") == 0;
    struct sdr_error error = {""};

    if (check->server->schema[0] == '\0'
        || directory_check_search(check, check->server->schema,
                                  "(objectClass=*)", attributes,
                                  on_schema_value, &error)
               != SDR_OK
        || check->entries == 0) {
        report_finding(&check->worst, CHECK_DOUBTFUL, "schema", NULL,
                       "the server does not show its schema: %s",
                       error.text[0] != '\0' ? error.text
                                             : "no subschema entry");
        return;
    }
    for (unsigned i = 0; i < check->attribute_count; i++)
        report_attribute(check, &check->attributes[i]);
    if (ours && !check->has_class)
        report_finding(&check->worst, CHECK_DOUBTFUL, "schema",
                       sdr_server_is_ad(check->server->kind)
                           ? "load ldap-schema/sdr-ad.ldif"
                           : "load ldap-schema/sdr.ldif",
                       "the schema has no class sdrRecipient: all entries "
                       "belong to the default-owner, %s",
                       check->directory->default_owner_text);
    else
        report_finding(&check->worst, CHECK_OK, "schema", NULL, "read");
}
