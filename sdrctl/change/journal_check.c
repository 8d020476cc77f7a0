/* journal_check.c - see journal_check.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/journal_check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "ldap/dn.h"
#include "log.h"
#include "change/change_plan.h"

#define OUR_CLASS "sdrRecipient"

/* ---- the entry ---- */

/* A DN by RFC 4514. Active Directory accepts more: "<GUID=...>;dc=..." names
 * another entry than it seems to. */
static bool
is_dn(const char *dn)
{
    LDAPDN parsed = NULL;
    bool ok = ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS;

    ldap_dnfree(parsed);
    return ok;
}

/* A file needs no search-base, and is searched for the very name. */
static bool
is_named(const struct sdr_directory_options *directory, const char *dn)
{
    return directory->ldif_path != NULL
           || (directory->search_base != NULL && is_dn(dn));
}

static enum sdr_status
check_entry(const struct sdr_directory_options *directory,
            const struct change *change, struct sdr_error *error)
{
    char *dn = dn_normal(change->dn);
    char *base =
        dn_normal(directory->search_base != NULL ? directory->search_base : "");
    enum sdr_status status = SDR_TEMPFAIL;

    if (dn != NULL && base != NULL)
        status = is_named(directory, change->dn) && dn_is_below(dn, base)
                     ? SDR_OK
                     : SDR_INVALID;
    if (status == SDR_TEMPFAIL)
        sdr_error_set(error, "no memory");
    if (status == SDR_INVALID)
        sdr_error_set(error, "not below the search-base of %s",
                      directory->name);
    free(dn);
    free(base);
    return status;
}

/* ---- its attributes ---- */

static bool
is_attribute(const char *name, const char *configured)
{
    return configured != NULL && change_may_write(configured)
           && strcasecmp(name, configured) == 0;
}

static bool
is_hold_value(const struct values *values)
{
    return values->count == 0
           || (values->count == 1
               && strcasecmp(values->items[0].bv_val, "TRUE") == 0);
}

static bool
is_our_class(const struct values *values)
{
    return values->count == 0
           || (values->count == 1
               && strcmp(values->items[0].bv_val, OUR_CLASS) == 0);
}

/* For an attribute that sdrctl adds or removes as a whole. */
static bool
is_one_way(const struct change_attribute *attribute)
{
    return attribute->before.count == 0 || attribute->after.count == 0;
}

/* One of our own attributes, which need the class, is added or removed. */
static bool
has_one_of_ours(const struct change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        if (strncasecmp(change->attributes[i].name, "sdr", 3) == 0)
            return true;
    }
    return false;
}

/* Owner values may be anything that was there before. */
static bool
is_written_by_us(const struct sdr_mapping *mapping, const struct change *change,
                 const struct change_attribute *attribute)
{
    if (is_attribute(attribute->name, mapping->owner))
        return true;
    if (is_attribute(attribute->name, mapping->hold))
        return is_hold_value(&attribute->before)
               || is_hold_value(&attribute->after);
    if (is_attribute(attribute->name, mapping->routing))
        return is_one_way(attribute);
    return strcasecmp(attribute->name, "objectClass") == 0
           && is_one_way(attribute) && is_our_class(&attribute->before)
           && is_our_class(&attribute->after) && has_one_of_ours(change);
}

static enum sdr_status
check_attributes(const struct sdr_mapping *mapping, const struct change *change,
                 struct sdr_error *error)
{
    char clean[256];

    for (unsigned i = 0; i < change->count; i++) {
        const char *name = change->attributes[i].name;

        if (is_written_by_us(mapping, change, &change->attributes[i]))
            continue;
        sdr_log_clean(clean, sizeof clean, name, strlen(name), "");
        sdr_error_set(error,
                      "sdrctl never writes such values to the attribute %s",
                      clean);
        return SDR_INVALID;
    }
    return SDR_OK;
}

enum sdr_status
journal_check(const struct sdr_config *config, const struct changes *changes,
              const char *path, struct sdr_error *error)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        const struct sdr_directory_options *directory =
            &config->directories[change->directory];
        enum sdr_status status = check_entry(directory, change, error);
        char clean[256];

        if (status == SDR_OK)
            status = check_attributes(&directory->mapping, change, error);
        if (status == SDR_OK)
            continue;
        sdr_log_clean(clean, sizeof clean, change->dn, strlen(change->dn), "");
        sdr_error_prefix(error, "%s:%lu: %s", path, change->line, clean);
        return status;
    }
    return SDR_OK;
}
