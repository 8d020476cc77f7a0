/* visit_schema.c - what the schema of a directory server says
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldap_schema.h>

#include "visit.h"

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
find_attribute(struct sdr_visit *visit, const char *definition)
{
    const char *where;
    int code;
    LDAPAttributeType *type = ldap_str2attributetype(definition, &code, &where,
                                                     LDAP_SCHEMA_ALLOW_ALL);

    if (type == NULL)
        return;
    for (unsigned i = 0; i < visit->attribute_count; i++) {
        if (has_name(type->at_names, visit->attributes[i].name))
            visit->attributes[i].in_schema = true;
    }
    ldap_attributetype_free(type);
}

static void
find_class(struct sdr_visit *visit, const char *definition)
{
    const char *where;
    int code;
    LDAPObjectClass *class =
        ldap_str2objectclass(definition, &code, &where, LDAP_SCHEMA_ALLOW_ALL);

    if (class == NULL)
        return;
    visit->has_class |= has_name(class->oc_names, "sdrRecipient");
    ldap_objectclass_free(class);
}

static void
on_schema_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct sdr_visit *visit = arg;
    char *definition = strndup(value, len);

    if (definition != NULL && strcasecmp(attribute, "attributeTypes") == 0)
        find_attribute(visit, definition);
    else if (definition != NULL)
        find_class(visit, definition);
    free(definition);
}

static void
judge_attribute(struct sdr_visit *visit,
                const struct sdr_visit_attribute *attribute)
{
    char advice[256];

    if (attribute->in_schema)
        return;
    if (!attribute->named) {
        sdr_visit_tell(visit, SDR_FINE, "schema", NULL,
                       "the server does not know %s: nothing is read from it",
                       attribute->name);
        return;
    }
    snprintf(advice, sizeof advice, "correct %s, or load the schema of %s",
             attribute->option, attribute->name);
    sdr_visit_tell(visit, SDR_WRONG, "schema", advice,
                   "the server does not know %s", attribute->name);
}

void
sdr_visit_schema(struct sdr_visit *visit)
{
    static const char *const attributes[] = {"attributeTypes", "objectClasses",
                                             NULL};
    bool ours = strcasecmp(visit->directory->profile, "sdr") == 0;
    struct sdr_error error = {""};

    if (visit->schema_dn[0] == '\0'
        || sdr_visit_search(visit, visit->schema_dn, "(objectClass=*)",
                            attributes, on_schema_value, &error)
               != SDR_OK
        || visit->entries == 0) {
        sdr_visit_tell(visit, SDR_DOUBTFUL, "schema", NULL,
                       "the server does not show it: %s",
                       error.text[0] != '\0' ? error.text
                                             : "no subschema entry");
        return;
    }
    for (unsigned i = 0; i < visit->attribute_count; i++)
        judge_attribute(visit, &visit->attributes[i]);
    if (ours && !visit->has_class)
        sdr_visit_tell(
            visit, SDR_DOUBTFUL, "schema",
            visit->ad.is_ad ? "load ldap-schema/sdr-ad.ldif"
                            : "load ldap-schema/sdr.ldif",
            "there is no class sdrRecipient: everybody belongs to the "
            "default-owner, %s",
            visit->directory->default_owner_text);
    else
        sdr_visit_tell(visit, SDR_FINE, "schema", NULL, "read");
}
