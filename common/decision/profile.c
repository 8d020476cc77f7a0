/* profile.c - see profile.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/option.h"
#include "decision/value.h"

enum { ADDRESSES_MAX = 4 };

static const struct profile {
    const char *name;
    const char *addresses[ADDRESSES_MAX + 1]; /* ended by NULL */
    const char *owner, *routing, *hold, *catch_all;
    bool routing_wins, contacts;
    enum sdr_outside outside;
} profiles[] = {
    {"sdr",
     {"sdrAddress", "mail", "mailLocalAddress", NULL},
     "sdrOwner",
     "sdrRoutingAddress",
     "sdrHold",
     NULL,
     false,
     false,
     SDR_OUTSIDE_DEFERS},
    /* draft-lachman-laser-ldap-mail-routing, Sendmail's ldap_routing */
    {"laser",
     {"mailLocalAddress", NULL},
     "mailHost",
     "mailRoutingAddress",
     NULL,
     NULL,
     true,
     false,
     SDR_OUTSIDE_DEFERS},
    /* An Exchange hybrid as Microsoft's tools leave it. A recipient hosted
     * elsewhere has a targetAddress. If that is in no configured site, Exchange
     * forwards to it. */
    {"exchange",
     {"proxyAddresses", "mail", NULL},
     NULL,
     "targetAddress",
     NULL,
     NULL,
     false,
     true,
     SDR_OUTSIDE_IS_IGNORED},
    {"qmail",
     {"mail", "mailAlternateAddress", NULL},
     "mailHost",
     NULL,
     NULL,
     "catchall",
     false,
     false,
     SDR_OUTSIDE_DEFERS},
};

static const struct profile *
find_profile(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (strcasecmp(profiles[i].name, name) == 0)
            return &profiles[i];
    }
    return NULL;
}

const char *
sdr_profile_names(void)
{
    return "sdr, laser, exchange, qmail";
}

bool
sdr_profile_map(struct sdr_directory_options *directory)
{
    const struct profile *profile = find_profile(directory->profile);
    const struct sdr_list *own = &directory->address_attributes;
    struct sdr_mapping *mapping = &directory->mapping;
    bool ok = true;

    if (profile == NULL)
        return false;
    mapping->explicit_addresses = own->count > 0;
    for (unsigned i = 0; i < own->count; i++)
        ok = ok && sdr_list_add(&mapping->addresses, own->items[i]);
    for (unsigned i = 0; own->count == 0 && profile->addresses[i] != NULL; i++)
        ok = ok && sdr_list_add(&mapping->addresses, profile->addresses[i]);
    mapping->owner = directory->owner_attribute != NULL
                         ? directory->owner_attribute
                         : profile->owner;
    mapping->routing = directory->routing_attribute != NULL
                           ? directory->routing_attribute
                           : profile->routing;
    mapping->hold = directory->hold_attribute != NULL
                        ? directory->hold_attribute
                        : profile->hold;
    mapping->catch_all = directory->catch_all != NULL ? directory->catch_all
                                                      : profile->catch_all;
    mapping->routing_wins = profile->routing_wins;
    mapping->contacts = profile->contacts;
    mapping->outside = directory->outside != SDR_OUTSIDE_BY_PROFILE
                           ? directory->outside
                           : profile->outside;
    return ok;
}

const char **
sdr_profile_attributes(const struct sdr_mapping *mapping,
                       const char *const *more)
{
    const char *others[] = {mapping->owner, mapping->routing, mapping->hold};
    unsigned count = mapping->addresses.count, extra = 0;
    const char **names;

    while (more != NULL && more[extra] != NULL)
        extra++;
    names = calloc(count + 3 + extra + 1, sizeof *names);
    if (names == NULL)
        return NULL;
    memcpy(names, mapping->addresses.items, count * sizeof *names);
    for (unsigned i = 0; i < 3; i++) {
        if (others[i] != NULL)
            names[count++] = others[i];
    }
    if (extra > 0)
        memcpy(names + count, more, extra * sizeof *names);
    return names;
}

void
sdr_reader_begin(struct sdr_reader *reader, const struct sdr_config *config,
                 const struct sdr_keys *keys, unsigned directory,
                 const char *dn)
{
    memset(reader, 0, sizeof *reader);
    reader->config = config;
    reader->keys = keys;
    reader->facts.directory = directory;
    snprintf(reader->facts.dn, sizeof reader->facts.dn, "%s", dn);
}

void
sdr_reader_begin_all(struct sdr_reader *reader, const struct sdr_config *config,
                     unsigned directory, const char *dn,
                     void (*address)(void *arg,
                                     const struct sdr_address *address,
                                     unsigned strength, bool certain),
                     void *arg)
{
    sdr_reader_begin(reader, config, NULL, directory, dn);
    reader->address = address;
    reader->arg = arg;
}

static bool
is_stronger(const struct sdr_facts *facts, unsigned key, bool unreadable,
            unsigned strength)
{
    if (key != facts->key)
        return key < facts->key;
    if (unreadable != facts->unreadable)
        return facts->unreadable;
    return strength < facts->strength;
}

/* Turn a catch-all such as qmail's "catchall@example.com" into "@example.com".
 */
static void
name_catch_all(const struct sdr_mapping *mapping, struct sdr_address *address)
{
    if (mapping->catch_all != NULL
        && strcasecmp(address->folded, mapping->catch_all) == 0)
        address->local[0] = address->folded[0] = '\0';
}

static void
match_address(void *arg, const struct sdr_address *found, bool certain)
{
    struct sdr_reader *reader = arg;
    struct sdr_facts *facts = &reader->facts;
    struct sdr_address address = *found;

    name_catch_all(&reader->config->directories[facts->directory].mapping,
                   &address);
    if (reader->keys == NULL) {
        reader->address(reader->arg, &address, reader->strength, certain);
        return;
    }
    for (unsigned key = 0; key < reader->keys->count; key++) {
        if (sdr_address_same(&address, &reader->keys->key[key])
            && (!reader->matched
                || is_stronger(facts, key, !certain, reader->strength))) {
            reader->matched = true;
            facts->key = key;
            facts->unreadable = !certain;
            facts->strength = reader->strength;
        }
    }
}

static void
take_owner(struct sdr_reader *reader, const char *attribute, const char *value,
           size_t len)
{
    sdr_sites owner = sdr_config_owner(reader->config, value, len);

    /* Most groups have nothing to do with mail: an unknown one is no error. */
    if (sdr_groups_are_named_by(attribute))
        owner |= sdr_groups_sites(reader->groups, value, len);
    else if (owner == 0)
        reader->facts.foreign_owner = true;
    reader->facts.owners |= owner;
}

/* Read a routing address. A second value with the same address is accepted. */
static void
take_routing(struct sdr_reader *reader, const char *value, size_t len)
{
    struct sdr_facts *facts = &reader->facts;
    struct sdr_address address;
    char text[SDR_ADDRESS_MAX + 1];

    if (sdr_value_scheme(&value, &len) > SDR_SCHEME_MAIL) {
        facts->outside = true; /* "X400:...": not an SMTP address */
        return;
    }
    if (len >= sizeof text || memchr(value, '\0', len) != NULL) {
        facts->bad_routing = true;
        return;
    }
    memcpy(text, value, len);
    text[len] = '\0';
    /* Mail is sent to it, so it must be valid SMTP, not just comparable. */
    if (sdr_address_parse_path(&address, text) != SDR_OK
        || address.local[0] == '\0'
        || (facts->has_routing
            && !sdr_address_same(&address, &facts->routing))) {
        facts->bad_routing = true;
        return;
    }
    facts->routing = address;
    facts->has_routing = true;
}

static bool
is_hold(const struct sdr_list *values, const char *value, size_t len)
{
    for (unsigned i = 0; i < values->count; i++) {
        if (sdr_value_is(values->items[i], value, len))
            return true;
    }
    return values->count == 0 && !sdr_value_is("FALSE", value, len);
}

void
sdr_reader_value(struct sdr_reader *reader, const char *attribute,
                 const char *value, size_t len)
{
    const struct sdr_directory_options *directory =
        &reader->config->directories[reader->facts.directory];
    const struct sdr_mapping *mapping = &directory->mapping;

    sdr_value_trim(&value, &len);
    for (unsigned i = 0; i < mapping->addresses.count; i++) {
        reader->strength = i;
        if (sdr_attribute_is(mapping->addresses.items[i], attribute))
            sdr_value_read(attribute, value, len, match_address, reader);
    }
    if (sdr_attribute_is(mapping->owner, attribute))
        take_owner(reader, mapping->owner, value, len);
    if (sdr_attribute_is(mapping->routing, attribute))
        take_routing(reader, value, len);
    if (sdr_attribute_is(mapping->hold, attribute))
        reader->facts.hold |= is_hold(&directory->hold_values, value, len);
}

bool
sdr_reader_end(struct sdr_reader *reader, struct sdr_facts *best, bool *found)
{
    if (!reader->matched)
        return false;
    sdr_facts_settle(&reader->facts, reader->config);
    sdr_facts_merge(best, found, &reader->facts);
    return true;
}

const struct sdr_facts *
sdr_reader_end_all(struct sdr_reader *reader)
{
    sdr_facts_settle(&reader->facts, reader->config);
    return &reader->facts;
}
