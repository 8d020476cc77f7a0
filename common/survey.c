/* survey.c - see survey.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldap_schema.h>

#include "ad.h"
#include "clock.h"
#include "connection.h"
#include "filter.h"
#include "rights.h"
#include "sight.h"

/* A search by an attribute that is indexed takes about as long as one for
 * nothing. One that takes so much longer reads the whole directory. */
enum { SLOW_FACTOR = 10, SLOW_MS = 20, TIMED_SEARCHES = 5 };

enum { ATTRIBUTES_MAX = 16, NAME_SIZE = 1024 };

/* An attribute that routing reads. */
struct attribute {
    const char *name;
    const char *option; /* that names it, or named it */
    bool address, named, in_schema;
};

/* A survey under way. */
struct visit {
    const struct sdr_survey *survey;
    const struct sdr_directory_options *directory;
    const char *uri;
    struct sdr_connection *connection;
    enum sdr_finding worst;
    struct attribute attributes[ATTRIBUTES_MAX];
    unsigned attribute_count;
    /* what the root entry says */
    char vendor[128], schema_dn[NAME_SIZE];
    struct sdr_ad ad;
    bool has_class;
    /* the entry that the search under way has shown last */
    char dn[NAME_SIZE];
    unsigned entries;
};

SDR_PRINTF(5, 6)
static void
tell(struct visit *visit, enum sdr_finding finding, const char *subject,
     const char *advice, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (finding > visit->worst)
        visit->worst = finding;
    visit->survey->tell(visit->survey->arg, finding, subject, text, advice);
}

static int64_t
deadline_of(const struct visit *visit)
{
    return sdr_clock() + (int64_t)visit->directory->timeout * 1000;
}

static void
add_attribute(struct visit *visit, const char *name, const char *option,
              bool address, bool named)
{
    if (name != NULL && visit->attribute_count < ATTRIBUTES_MAX)
        visit->attributes[visit->attribute_count++] =
            (struct attribute){name, option, address, named, false};
}

static void
list_attributes(struct visit *visit)
{
    const struct sdr_directory_options *directory = visit->directory;
    const struct sdr_mapping *mapping = &directory->mapping;

    for (unsigned i = 0; i < mapping->addresses.count; i++)
        add_attribute(visit, mapping->addresses.items[i], "address-attribute",
                      true, mapping->explicit_addresses);
    add_attribute(visit, mapping->owner, "owner-attribute", false,
                  directory->owner_attribute != NULL);
    add_attribute(visit, mapping->routing, "routing-address-attribute", false,
                  directory->routing_attribute != NULL);
    add_attribute(visit, mapping->hold, "hold-attribute", false,
                  directory->hold_attribute != NULL);
}

/* ---- searching ---- */

static void
on_entry(void *arg, const char *dn)
{
    struct visit *visit = arg;

    visit->entries++;
    snprintf(visit->dn, sizeof visit->dn, "%s", dn);
}

static void
on_nothing(void *arg, const char *attribute, const char *value, size_t len)
{
    (void)arg;
    (void)attribute;
    (void)value;
    (void)len;
}

static void
on_end(void *arg)
{
    (void)arg;
}

/* Below the search base, or the entry BASE alone. */
static enum sdr_status
search(struct visit *visit, const char *base, const char *filter,
       const char *const *attributes,
       void (*value)(void *, const char *, const char *, size_t),
       struct sdr_error *error)
{
    struct sdr_search s = {.base = base,
                           .filter = filter,
                           .attributes = attributes,
                           .size_limit = 1,
                           .entry = on_entry,
                           .value = value,
                           .end = on_end,
                           .arg = visit};
    bool broken;

    visit->entries = 0;
    return sdr_connection_search(visit->connection, &s, deadline_of(visit),
                                 &broken, error);
}

/* ---- the steps; false: no use in going on ---- */

static bool
connect_to(struct visit *visit)
{
    int64_t start = sdr_clock();
    struct sdr_error error = {""};
    char version[16] = "";
    bool tls;

    if (sdr_connection_open(&visit->connection, visit->directory, visit->uri,
                            deadline_of(visit), &error)
        != SDR_OK) {
        tell(visit, SDR_SILENT, "connection", NULL, "%s", error.text);
        return false;
    }
    tls = sdr_connection_tls(visit->connection, version, sizeof version);
    tell(visit, SDR_FINE, "connection", NULL,
         "connected%s%s and bound in %lld ms", tls ? ", " : "", version,
         (long long)(sdr_clock() - start));
    if (tls && !visit->directory->tls_require_cert)
        tell(visit, SDR_DOUBTFUL, "certificate", "remove tls-require-cert = no",
             "it is not verified: anybody may claim to be this server");
    return true;
}

static void
on_root_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct visit *visit = arg;

    if (strcasecmp(attribute, "vendorName") == 0)
        snprintf(visit->vendor, sizeof visit->vendor, "%.*s", (int)len, value);
    else
        snprintf(visit->schema_dn, sizeof visit->schema_dn, "%.*s", (int)len,
                 value);
}

static bool
look_at_root(struct visit *visit)
{
    static const char *const attributes[] = {"vendorName", "subschemaSubentry",
                                             NULL};
    struct sdr_error error = {""};
    bool broken;

    if (sdr_ad_detect(&visit->ad, visit->connection, deadline_of(visit),
                      &broken, &error)
            != SDR_OK
        || search(visit, "", "(objectClass=*)", attributes, on_root_value,
                  &error)
               != SDR_OK) {
        tell(visit, SDR_SILENT, "server", NULL, "%s", error.text);
        return false;
    }
    if (visit->vendor[0] == '\0')
        snprintf(visit->vendor, sizeof visit->vendor, "%s",
                 visit->ad.is_ad ? "Active Directory" : "an LDAP server");
    tell(visit, SDR_FINE, "server", NULL, "%s", visit->vendor);
    return true;
}

static bool
look_at_base(struct visit *visit)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const char *base = visit->directory->search_base;
    struct sdr_error error = {""};
    enum sdr_status status =
        search(visit, base, "(objectClass=*)", attributes, on_nothing, &error);

    if (status == SDR_OK) { /* sight shows whether anything is seen below */
        tell(visit, SDR_FINE, "search base", NULL, "%s", base);
        return true;
    }
    tell(visit, SDR_WRONG, "search base",
         "correct search-base, or let the account search there", "%s: %s", base,
         error.text);
    return false;
}

/* ---- schema ---- */

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
find_attribute(struct visit *visit, const char *definition)
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
find_class(struct visit *visit, const char *definition)
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
    struct visit *visit = arg;
    char *definition = strndup(value, len);

    if (definition != NULL && strcasecmp(attribute, "attributeTypes") == 0)
        find_attribute(visit, definition);
    else if (definition != NULL)
        find_class(visit, definition);
    free(definition);
}

static void
judge_attribute(struct visit *visit, const struct attribute *attribute)
{
    char advice[256];

    if (attribute->in_schema)
        return;
    if (!attribute->named) {
        tell(visit, SDR_FINE, "schema", NULL,
             "the server does not know %s: nothing is read from it",
             attribute->name);
        return;
    }
    snprintf(advice, sizeof advice, "correct %s, or load the schema of %s",
             attribute->option, attribute->name);
    tell(visit, SDR_WRONG, "schema", advice, "the server does not know %s",
         attribute->name);
}

static void
look_at_schema(struct visit *visit)
{
    static const char *const attributes[] = {"attributeTypes", "objectClasses",
                                             NULL};
    bool ours = strcasecmp(visit->directory->profile, "sdr") == 0;
    struct sdr_error error = {""};

    if (visit->schema_dn[0] == '\0'
        || search(visit, visit->schema_dn, "(objectClass=*)", attributes,
                  on_schema_value, &error)
               != SDR_OK
        || visit->entries == 0) {
        tell(visit, SDR_DOUBTFUL, "schema", NULL,
             "the server does not show it: %s",
             error.text[0] != '\0' ? error.text : "no subschema entry");
        return;
    }
    for (unsigned i = 0; i < visit->attribute_count; i++)
        judge_attribute(visit, &visit->attributes[i]);
    if (ours && !visit->has_class)
        tell(visit, SDR_DOUBTFUL, "schema",
             visit->ad.is_ad ? "load ldap-schema/sdr-ad.ldif"
                             : "load ldap-schema/sdr.ldif",
             "there is no class sdrRecipient: everybody belongs to the "
             "default-owner, %s",
             visit->directory->default_owner_text);
    else
        tell(visit, SDR_FINE, "schema", NULL, "read");
}

/* ---- rights ---- */

/* Somebody who is in the directory; his name in visit->dn. */
static bool
find_somebody(struct visit *visit)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const struct sdr_list *addresses = &visit->directory->mapping.addresses;
    char *filter = sdr_filter_present(visit->directory, addresses->items,
                                      addresses->count);
    struct sdr_error error = {""};
    bool found =
        filter != NULL
        && search(visit, NULL, filter, attributes, on_nothing, &error) == SDR_OK
        && visit->entries > 0;

    free(filter);
    return found;
}

static void
look_at_sight(struct visit *visit)
{
    struct sdr_sight sight = {0};
    struct sdr_error error = {""};
    bool broken;

    if (sdr_sight_prove(&sight, visit->connection, visit->directory,
                        deadline_of(visit), &broken, &error)
        == SDR_OK)
        tell(visit, SDR_FINE, "sight", NULL,
             "recipients are found by their addresses");
    else
        tell(visit, SDR_WRONG, "sight",
             "give the account the right to read and search the address "
             "attributes, correct search-base, filter or address-attribute",
             "%s", error.text);
    sdr_sight_clear(&sight);
}

static void
compare_rights(struct visit *visit)
{
    struct sdr_rights rights = {.detected = false};
    struct sdr_rights_seen seen = {0};
    struct sdr_error error = {""};
    bool broken;

    if (!find_somebody(visit))
        return;
    if (sdr_rights_prove(&rights, &seen, visit->connection, visit->directory,
                         visit->dn, deadline_of(visit), &broken, &error)
        == SDR_OK)
        tell(visit, SDR_FINE, "rights", NULL,
             "owner, routing address and hold can be read");
    else
        tell(visit, SDR_WRONG, "rights",
             "give the account the right to read that attribute", "%s",
             error.text);
}

/* ---- rights in Active Directory ---- */

static void
judge_ad_attribute(struct visit *visit,
                   const struct sdr_ad_attribute *attribute)
{
    char advice[512];

    if (attribute->shown) {
        tell(visit, SDR_FINE, "rights", NULL, "%s can be read",
             attribute->name);
    } else if (attribute->confidential) {
        tell(visit, SDR_WRONG, "rights",
             "give the account the rights RP and CA on it, or take 128 off its "
             "searchFlags; then give somebody a value",
             "%s is marked as confidential, and no user shows a value",
             attribute->name);
    } else if (attribute->known) {
        snprintf(advice, sizeof advice,
                 "give somebody a value of %s and check again: if it does not "
                 "show, the account lacks the right to read it, or it is not "
                 "in the global catalog",
                 attribute->name);
        tell(visit, SDR_DOUBTFUL, "rights", advice,
             "no user shows a value of %s: nobody has one, or it is hidden "
             "from this account; Active Directory does not tell which",
             attribute->name);
    }
}

static void
look_at_ad(struct visit *visit)
{
    struct sdr_ad_attribute attributes[SDR_RIGHTS_COUNT];
    struct sdr_error error = {""};
    unsigned named;
    bool broken;

    sdr_rights_list(visit->directory, attributes, &named);
    if (sdr_ad_look(&visit->ad, visit->connection, visit->directory, attributes,
                    SDR_RIGHTS_COUNT, deadline_of(visit), &broken, &error)
        != SDR_OK) {
        tell(visit, SDR_WRONG, "rights",
             "give the account the right to read the schema", "%s", error.text);
        return;
    }
    for (unsigned i = 0; i < SDR_RIGHTS_COUNT; i++) {
        if (attributes[i].name != NULL)
            judge_ad_attribute(visit, &attributes[i]);
    }
}

static void
look_at_rights(struct visit *visit)
{
    if (visit->worst >= SDR_WRONG)
        return; /* it would be the same again */
    if (visit->ad.is_ad)
        look_at_ad(visit);
    else
        compare_rights(visit);
}

/* ---- indices ---- */

/* Milliseconds of the fastest of several searches; negative if one failed. */
static double
time_search(struct visit *visit, const char *base, const char *filter,
            struct sdr_error *error)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    double best = -1;

    for (unsigned i = 0; i < TIMED_SEARCHES; i++) {
        struct timespec start, end;
        double ms;

        clock_gettime(CLOCK_MONOTONIC, &start);
        if (search(visit, base, filter, attributes, on_nothing, error)
            != SDR_OK)
            return -1;
        clock_gettime(CLOCK_MONOTONIC, &end);
        ms = (double)(end.tv_sec - start.tv_sec) * 1e3
             + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
        if (best < 0 || ms < best)
            best = ms;
    }
    return best;
}

static void
look_at_index(struct visit *visit, const struct attribute *attribute,
              double baseline)
{
    static const char nobody[] = "no-such-recipient@sdr.invalid";
    struct sdr_error error = {""};
    char *filter = sdr_filter_value(visit->directory, attribute->name, nobody,
                                    strlen(nobody));
    double ms = filter == NULL ? -1 : time_search(visit, NULL, filter, &error);
    char advice[256];

    free(filter);
    snprintf(advice, sizeof advice,
             visit->ad.is_ad ? "set searchFlags 1 of %s in the schema"
                             : "index %s eq",
             attribute->name);
    if (ms < 0)
        tell(visit, SDR_SILENT, "index", NULL, "%s: %s", attribute->name,
             error.text);
    else if (ms > SLOW_MS && ms > baseline * SLOW_FACTOR)
        tell(visit, SDR_DOUBTFUL, "index", advice,
             "%s: a search takes %.1f ms, one for nothing %.1f ms: there is no "
             "index",
             attribute->name, ms, baseline);
    else
        tell(visit, SDR_FINE, "index", NULL, "%s: a search takes %.1f ms",
             attribute->name, ms);
}

static void
look_at_indices(struct visit *visit)
{
    struct sdr_error error = {""};
    double baseline = time_search(visit, "", "(objectClass=*)", &error);

    for (unsigned i = 0; i < visit->attribute_count && baseline >= 0; i++) {
        if (visit->attributes[i].address && visit->attributes[i].in_schema)
            look_at_index(visit, &visit->attributes[i], baseline);
    }
}

enum sdr_finding
sdr_survey(const struct sdr_config *config, unsigned directory, unsigned uri,
           const struct sdr_survey *survey)
{
    struct visit visit = {.survey = survey,
                          .directory = &config->directories[directory],
                          .uri = config->directories[directory].uris.items[uri],
                          .worst = SDR_FINE};

    sdr_connection_init();
    list_attributes(&visit);
    if (connect_to(&visit) && look_at_root(&visit) && look_at_base(&visit)) {
        look_at_schema(&visit);
        look_at_sight(&visit);
        look_at_rights(&visit);
        look_at_indices(&visit);
    }
    sdr_connection_close(&visit.connection);
    return visit.worst;
}
