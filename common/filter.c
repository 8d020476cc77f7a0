/* filter.c - see filter.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "profile.h"

static void
put_equal(FILE *out, const char *attribute, const char *scheme,
          const char *value, size_t len)
{
    struct berval plain = {.bv_len = len, .bv_val = NULL};
    struct berval escaped = {0};
    char copy[SDR_ADDRESS_MAX + 1];

    if (len > sizeof copy)
        return;
    memcpy(copy, value, len);
    plain.bv_val = copy;
    if (ldap_bv2escaped_filter_value(&plain, &escaped) == 0)
        fprintf(out, "(%s=%s%.*s)", attribute, scheme, (int)escaped.bv_len,
                escaped.bv_val);
    ber_memfree(escaped.bv_val);
}

/* Every filter is "(|...)", or "(&FILTER(|...))" with the directory's own. */
static FILE *
begin(const struct sdr_directory_options *directory, char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);

    if (out == NULL)
        return NULL;
    if (directory->filter != NULL)
        fprintf(out, "(&%s", directory->filter);
    fputs("(|", out);
    return out;
}

static char *
end(const struct sdr_directory_options *directory, FILE *out, char **text)
{
    fputs(directory->filter != NULL ? "))" : ")", out);
    if (fclose(out) != 0) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *
sdr_filter_keys(const struct sdr_directory_options *directory,
                const struct sdr_keys *keys)
{
    const struct sdr_list *attributes = &directory->mapping.addresses;
    char *text = NULL;
    size_t size = 0;
    FILE *out = begin(directory, &text, &size);

    if (out == NULL)
        return NULL;
    for (unsigned k = 0; k < keys->count; k++) {
        struct sdr_spellings spellings;

        sdr_address_spell(&keys->key[k], &spellings);
        for (unsigned a = 0; a < attributes->count; a++) {
            for (unsigned s = 0; s < spellings.count; s++)
                put_equal(out, attributes->items[a],
                          sdr_profile_scheme(attributes->items[a]),
                          spellings.text[s], strlen(spellings.text[s]));
        }
    }
    return end(directory, out, &text);
}

char *
sdr_filter_present(const struct sdr_directory_options *directory,
                   const char *const *attributes, unsigned count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = begin(directory, &text, &size);

    if (out == NULL)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "(%s=*)", attributes[i]);
    return end(directory, out, &text);
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
sdr_filter_value(const struct sdr_directory_options *directory,
                 const char *attribute, const char *value, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = begin(directory, &text, &size);

    if (out == NULL)
        return NULL;
    put_equal(out, attribute, "", value, len);
    return end(directory, out, &text);
}

char *
sdr_filter_definitions(const char *const *attributes, unsigned count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    fputs("(&(objectClass=attributeSchema)(|", out);
    for (unsigned i = 0; i < count; i++)
        put_equal(out, "lDAPDisplayName", "", attributes[i],
                  strlen(attributes[i]));
    fputs("))", out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
