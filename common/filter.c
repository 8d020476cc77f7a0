/* filter.c - see filter.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "filter.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "profile.h"

/* A filter that grows. */
struct text {
    char *octets;
    size_t len, size;
    bool lost; /* there was no memory for some of it */
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

/* True if nothing in it means anything in a filter. Most are so: others take
 * longer. */
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
put_equal(struct text *text, const char *attribute, const char *scheme,
          const char *value, size_t len)
{
    put(text, "(");
    put(text, attribute);
    put(text, "=");
    put(text, scheme);
    put_value(text, value, len);
    put(text, ")");
}

/* Every filter is "(|...)", or "(&FILTER(|...))" with the directory's own. */
static void
begin(const struct sdr_directory_options *directory, struct text *text)
{
    if (directory->filter != NULL) {
        put(text, "(&");
        put(text, directory->filter);
    }
    put(text, "(|");
}

/* NULL without memory. */
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

char *
sdr_filter_keys(const struct sdr_directory_options *directory,
                const struct sdr_keys *keys)
{
    const struct sdr_list *attributes = &directory->mapping.addresses;
    struct text text = {0};

    begin(directory, &text);
    for (unsigned k = 0; k < keys->count; k++) {
        struct sdr_spellings spellings;

        sdr_address_spell(&keys->key[k], &spellings);
        for (unsigned a = 0; a < attributes->count; a++) {
            for (unsigned s = 0; s < spellings.count; s++)
                put_equal(&text, attributes->items[a],
                          sdr_profile_scheme(attributes->items[a]),
                          spellings.text[s], strlen(spellings.text[s]));
        }
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
sdr_filter_value(const struct sdr_directory_options *directory,
                 const char *attribute, const char *value, size_t len)
{
    struct text text = {0};

    begin(directory, &text);
    put_equal(&text, attribute, "", value, len);
    return end(directory, &text);
}

char *
sdr_filter_definitions(const char *const *attributes, unsigned count)
{
    struct text text = {0};

    put(&text, "(&(objectClass=attributeSchema)(|");
    for (unsigned i = 0; i < count; i++)
        put_equal(&text, "lDAPDisplayName", "", attributes[i],
                  strlen(attributes[i]));
    return finish(&text, "))");
}
