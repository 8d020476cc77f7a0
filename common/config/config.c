/* config.c - see config.h: look-ups in a configuration, and its end
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decision/value.h"

static void
free_directory(struct sdr_directory_options *directory)
{
    if (directory->password != NULL)
        explicit_bzero(directory->password, strlen(directory->password));
    free(directory->password);
    free(directory->uris.items);
    free(directory->address_attributes.items);
    free(directory->hold_values.items);
    free(directory->mapping.addresses.items);
    free(directory->must_see_texts.items);
    free(directory->must_see);
}

void
sdr_config_free(struct sdr_config **config)
{
    struct sdr_config *c = *config;

    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->site_count; i++) {
        free(c->sites[i].owner_values.items);
        free(c->sites[i].accept_domains.items);
        free(c->sites[i].verify_addresses.items);
    }
    for (unsigned i = 0; i < c->domain_count; i++)
        free(c->domains[i].routing);
    for (unsigned i = 0; i < c->directory_count; i++)
        free_directory(&c->directories[i]);
    free(c->sites);
    free(c->domains);
    free(c->directories);
    free(c->names);
    free(c->always_local.items);
    if (c->free_texts != NULL)
        c->free_texts(c);
    free((char *)(uintptr_t)c->path);
    free(c);
    *config = NULL;
}

static int
compare_name(const void *domain, const void *name)
{
    return strcmp(domain, ((const struct sdr_name *)name)->domain);
}

const struct sdr_name *
sdr_config_name(const struct sdr_config *config, const char *domain)
{
    if (config->name_count == 0)
        return NULL;
    return bsearch(domain, config->names, config->name_count,
                   sizeof *config->names, compare_name);
}

/* Marks an escaped comma or plus sign of a distinguished name, "\," or "\2C"
 * (RFC 4514): it is no separator. */
enum { ESCAPED = 0x100 };

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at =
        c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Returns the octet that is escaped by the backslash at *I, in lower case, and
 * advances *I. */
static int
escaped_octet(const char *s, size_t len, size_t *i)
{
    int high = *i + 2 < len ? hex_digit(s[*i + 1]) : -1;
    int low = high >= 0 ? hex_digit(s[*i + 2]) : -1;
    int c = low >= 0 ? 16 * high + low : (unsigned char)s[*i + 1];

    *i += low >= 0 ? 3 : 2;
    return c == ',' || c == '+' ? ESCAPED | c : tolower(c);
}

/* Returns the octet of S at *I, in lower case, and advances *I; -1 at the end.
 * BEFORE is the previous octet. Skips blanks before and after the separators of
 * a distinguished name (RFC 2253, 4). */
static int
next_octet(const char *s, size_t len, size_t *i, int before)
{
    static const char separators[] = ",=+";
    size_t n = *i;

    while (n < len && s[n] == ' ')
        n++;
    if (n < len && s[n] != '\0'
        && ((before > 0 && before < ESCAPED
             && strchr(separators, before) != NULL)
            || strchr(separators, s[n]) != NULL))
        *i = n;
    if (*i + 1 < len && s[*i] == '\\')
        return escaped_octet(s, len, i);
    return *i < len ? tolower((unsigned char)s[(*i)++]) : -1;
}

/* Returns the length without a final dot if NAME may be a host name. */
static size_t
without_dot(const char *name, size_t len)
{
    if (len < 2 || name[len - 1] != '.')
        return len;
    for (size_t i = 0; i + 1 < len; i++) {
        if (!isalnum((unsigned char)name[i])
            && (name[i] == '\0' || strchr("-_.", name[i]) == NULL))
            return len;
    }
    return len - 1;
}

/* Returns true if both are the same name of a site, a host or a group. */
static bool
equals(const char *text, const char *value, size_t len)
{
    size_t i = 0, k = 0, text_len = without_dot(text, strlen(text));
    int a = 0, b = 0;

    len = without_dot(value, len);
    while (a == b && a >= 0) {
        a = next_octet(text, text_len, &i, a);
        b = next_octet(value, len, &k, b);
    }
    return a == b;
}

int
sdr_config_find_site(const struct sdr_config *config, const char *name)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        if (strcasecmp(config->sites[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

sdr_sites
sdr_config_owner(const struct sdr_config *config, const char *value, size_t len)
{
    sdr_value_trim(&value, &len);
    for (unsigned i = 0; i < config->site_count; i++) {
        const struct sdr_site *site = &config->sites[i];
        bool owns = equals(site->name, value, len);

        for (unsigned k = 0; k < site->owner_values.count; k++)
            owns = owns || equals(site->owner_values.items[k], value, len);
        if (owns)
            return (sdr_sites)1 << i;
    }
    return 0;
}

bool
sdr_config_has_next_hop(const struct sdr_config *config)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery == SDR_BY_NEXT_HOP)
            return true;
    }
    return false;
}
