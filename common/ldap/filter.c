/* filter.c - see filter.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/filter.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "decision/value.h"
#include "ldap/dn.h"

/* A filter that is being written. */
struct text {
    char *octets;
    size_t len, size;
    bool lost; /* there was no memory for a part */
};

static void
put_octets(struct text *text, const char *octets, size_t len)
{
    if (text->len + len >= text->size) {
        size_t size = 2 * (text->size + len) + 256;
        char *grown = realloc(text->octets, size);

        text->lost |= grown == NULL;
        if (grown == NULL)
            return;
        text->octets = grown;
        text->size = size;
    }
    memcpy(text->octets + text->len, octets, len);
    text->len += len;
}

static void
put(struct text *text, const char *string)
{
    put_octets(text, string, strlen(string));
}

/* Returns true if no character needs to be escaped. The fast path: most values
 * are of this kind. */
static bool
is_plain(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = value[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '@' && c <= 'Z')
              || (c >= '+' && c <= '9')))
            return false;
    }
    return true;
}

static void
put_value(struct text *text, const char *value, size_t len)
{
    struct berval plain = {.bv_len = len, .bv_val = (char *)(uintptr_t)value};
    struct berval escaped = {0};

    if (is_plain(value, len)) {
        put_octets(text, value, len);
        return;
    }
    if (ldap_bv2escaped_filter_value(&plain, &escaped) == 0)
        put_octets(text, escaped.bv_val, escaped.bv_len);
    else
        text->lost = true;
    ber_memfree(escaped.bv_val);
}

static void
put_around(struct text *text, const char *attribute,
           const struct sdr_value_form *form, const char *value, size_t len)
{
    put(text, "(");
    put(text, attribute);
    put(text, "=");
    put(text, form->before);
    put_value(text, value, len);
    put(text, form->behind);
    put(text, ")");
}

static void
put_equal(struct text *text, const char *attribute, const char *value,
          size_t len)
{
    static const struct sdr_value_form nothing = {"", ""};

    put_around(text, attribute, &nothing, value, len);
}

/* Begin a filter: "(|...)", or "(&FILTER(|...))" if the directory has a filter.
 */
static void
begin(const struct sdr_directory_options *directory, struct text *text)
{
    if (directory->filter != NULL) {
        put(text, "(&");
        put(text, directory->filter);
    }
    put(text, "(|");
}

/* Finish the filter. Returns NULL without memory. */
static char *
finish(struct text *text, const char *last)
{
    put_octets(text, last, strlen(last) + 1);
    if (!text->lost)
        return text->octets;
    free(text->octets);
    return NULL;
}

static char *
end(const struct sdr_directory_options *directory, struct text *text)
{
    return finish(text, directory->filter != NULL ? "))" : ")");
}

/* Ask for the address in all address attributes: all spellings in the regular
 * form, the first spelling in the other forms too. */
static void
put_address(struct text *text, const struct sdr_list *attributes,
            const struct sdr_address *address)
{
    struct sdr_spellings spellings;

    sdr_address_spell(address, &spellings);
    for (unsigned a = 0; a < attributes->count; a++) {
        const char *attribute = attributes->items[a];
        const struct sdr_value_form *forms = sdr_value_forms(attribute);

        for (unsigned s = 0; s < spellings.count; s++)
            put_around(text, attribute, &forms[0], spellings.text[s],
                       strlen(spellings.text[s]));
        for (unsigned f = 1; forms[f].before != NULL; f++)
            put_around(text, attribute, &forms[f], spellings.text[0],
                       strlen(spellings.text[0]));
    }
}

char *
sdr_filter_keys(const struct sdr_directory_options *directory,
                const struct sdr_keys *keys)
{
    const struct sdr_mapping *mapping = &directory->mapping;
    struct sdr_address named;
    struct text text = {0};

    begin(directory, &text);
    for (unsigned k = 0; k < keys->count; k++) {
        const struct sdr_address *key = &keys->key[k];

        put_address(&text, &mapping->addresses, key);
        if (key->local[0] == '\0' && mapping->catch_all != NULL
            && sdr_address_make(&named, mapping->catch_all,
                                strlen(mapping->catch_all), key->domain)
                   == SDR_OK)
            put_address(&text, &mapping->addresses, &named);
    }
    return end(directory, &text);
}

char *
sdr_filter_present(const struct sdr_directory_options *directory,
                   const char *const *attributes, unsigned count)
{
    struct text text = {0};

    begin(directory, &text);
    for (unsigned i = 0; i < count; i++) {
        put(&text, "(");
        put(&text, attributes[i]);
        put(&text, "=*)");
    }
    return end(directory, &text);
}

char *
sdr_filter_users(const struct sdr_directory_options *directory,
                 const char *const *attributes, unsigned count)
{
    char *present = sdr_filter_present(directory, attributes, count);
    char *text = NULL;

    if (present != NULL
        && asprintf(&text, "(&(objectClass=user)%s)", present) < 0)
        text = NULL;
    free(present);
    return text;
}

char *
sdr_filter_readable(const char *attribute)
{
    char *text = NULL;

    if (asprintf(&text, "(|(%s=*)(!(%s=*)))", attribute, attribute) < 0)
        return NULL;
    return text;
}

char *
sdr_filter_absent(const char *const *attributes, unsigned count)
{
    struct text text = {0};

    put(&text, "(&");
    for (unsigned i = 0; i < count; i++) {
        if (attributes[i] == NULL)
            continue;
        put(&text, "(!(");
        put(&text, attributes[i]);
        put(&text, "=*))");
    }
    return finish(&text, ")");
}

char *
sdr_filter_value(const struct sdr_directory_options *directory,
                 const char *attribute, const char *value, size_t len)
{
    struct text text = {0};

    begin(directory, &text);
    put_equal(&text, attribute, value, len);
    return end(directory, &text);
}

char *
sdr_filter_groups_in(const char *const *dns, unsigned count)
{
    struct text text = {0};

    put(&text, "(&(|(objectClass=group)(objectClass=groupOfNames)"
               "(objectClass=groupOfUniqueNames)(objectClass=groupOfURLs))(|");
    for (unsigned i = 0; i < count; i++)
        put_equal(&text, "memberOf", dns[i], strlen(dns[i]));
    return finish(&text, "))");
}

char *
sdr_filter_only_in(const struct sdr_directory_options *directory,
                   const char *inner, const struct sdr_list *outer)
{
    char *present =
        sdr_filter_present(directory, directory->mapping.addresses.items,
                           directory->mapping.addresses.count);
    struct text text = {0};

    put(&text, "(&");
    put(&text, present != NULL ? present : "");
    put_equal(&text, "memberOf", inner, strlen(inner));
    put(&text, "(!(|");
    for (unsigned i = 0; i < outer->count; i++) {
        if (dn_is_possible(outer->items[i]))
            put_equal(&text, "memberOf", outer->items[i],
                      strlen(outer->items[i]));
    }
    text.lost |= present == NULL;
    free(present);
    return finish(&text, ")))");
}

char *
sdr_filter_definitions(const char *const *attributes, unsigned count)
{
    struct text text = {0};

    put(&text, "(&(objectClass=attributeSchema)(|");
    for (unsigned i = 0; i < count; i++)
        put_equal(&text, "lDAPDisplayName", attributes[i],
                  strlen(attributes[i]));
    return finish(&text, "))");
}
