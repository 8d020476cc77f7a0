/* check_search.c - check how a directory is searched: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <stdio.h>
#include <string.h>

#include <ldap.h>

#include "decision/address.h"

static void
check_filter(struct sdr_load *load,
             const struct sdr_directory_options *directory)
{
    const char *filter = directory->filter;

    /* libldap checks the rest at the first search. */
    if (filter != NULL
        && (filter[0] != '(' || filter[strlen(filter) - 1] != ')'))
        sdr_load_mistake(
            load, sdr_load_directory_line(load, directory, "filter"),
            "filter: \"%s\" is not in parentheses (RFC 4515)", filter);
}

/* Returns true for a DN of RFC 4514; one with the quotes of RFC 1779, which
 * servers still accept; and an extended DN of Active Directory, <GUID=...>. */
static bool
is_dn(const char *text)
{
    static const unsigned forms[] = {LDAP_DN_FORMAT_LDAPV3,
                                     LDAP_DN_FORMAT_LDAPV2};
    LDAPDN dn = NULL;
    bool good = text[0] == '<';

    for (unsigned i = 0; i < sizeof forms / sizeof forms[0] && !good; i++) {
        good = ldap_str2dn(text, &dn, forms[i]) == LDAP_SUCCESS;
        ldap_dnfree(dn);
        dn = NULL;
    }
    return good;
}

static void
check_search_base(struct sdr_load *load,
                  const struct sdr_directory_options *directory)
{
    const char *base = directory->search_base;

    if (base != NULL && !is_dn(base))
        sdr_load_mistake(
            load, sdr_load_directory_line(load, directory, "search-base"),
            "search-base: \"%s\" is not a DN (RFC 4514)", base);
}

/* An attribute description is a name or an OID, perhaps with options (RFC 4512,
 * 2.5). Some servers allow underscores. */
static void
check_attribute(struct sdr_load *load, const char *option, const char *name,
                unsigned line)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._;";

    if (name[strspn(name, allowed)] != '\0' || strchr("-._;", name[0]) != NULL)
        sdr_load_mistake(load, line,
                         "%s: \"%s\" is not the name of one "
                         "attribute",
                         option, name);
}

static void
check_attributes(struct sdr_load *load,
                 const struct sdr_directory_options *directory)
{
    const struct {
        const char *option, *name;
    } single[] = {
        {"owner-attribute", directory->owner_attribute},
        {"routing-address-attribute", directory->routing_attribute},
        {"hold-attribute", directory->hold_attribute},
    };
    const struct sdr_list *addresses = &directory->address_attributes;

    for (unsigned i = 0; i < sizeof single / sizeof single[0]; i++) {
        if (single[i].name != NULL)
            check_attribute(
                load, single[i].option, single[i].name,
                sdr_load_directory_line(load, directory, single[i].option));
    }
    for (unsigned i = 0; i < addresses->count; i++)
        check_attribute(load, "address-attribute", addresses->items[i],
                        sdr_load_line_of(load, "directory", directory->name,
                                         "address-attribute", i));
}

/* Only ASCII is allowed: every comparison can fold its case. */
static void
check_catch_all(struct sdr_load *load,
                const struct sdr_directory_options *directory)
{
    const char *text = directory->catch_all;
    char address[SDR_ADDRESS_MAX + 1];
    struct sdr_address parsed;

    if (text == NULL)
        return;
    snprintf(address, sizeof address, "%s@example.com", text);
    for (const char *s = text; *s != '\0'; s++) {
        if ((unsigned char)*s >= 0x80 || strchr("\"\\@<>,:; ", *s) != NULL)
            address[0] = '\0';
    }
    if (sdr_address_parse(&parsed, address) != SDR_OK)
        sdr_load_mistake(load,
                         sdr_load_directory_line(load, directory, "catch-all"),
                         "catch-all: \"%s\" is not an ASCII local part", text);
}

void
sdr_check_search(struct sdr_load *load,
                 const struct sdr_directory_options *directory)
{
    check_search_base(load, directory);
    check_attributes(load, directory);
    check_filter(load, directory);
    check_catch_all(load, directory);
}
