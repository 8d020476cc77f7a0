/* text.c - sdrctl show as text
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "decision/value.h"
#include "entry_errors.h"
#include "print.h"
#include "show/show.h"
#include "verdict_text.h"
#include "decision/value.h"

/* Width of the column of names. */
enum { WIDTH = 18 };

/* ---- helpers ---- */

static void
print_label(const char *label)
{
    fputs("    ", stdout);
    print_clean(label);
    printf("%*s ", strlen(label) < WIDTH ? (int)(WIDTH - strlen(label)) : 0,
           "");
}

static void
print_sites(const struct sdr_config *config, sdr_sites sites)
{
    const char *separator = "";

    for (unsigned i = 0; i < config->site_count; i++) {
        if ((sites & (sdr_sites)1 << i) == 0)
            continue;
        printf("%s%s", separator, config->sites[i].name);
        separator = ", ";
    }
}

/* ---- an entry ---- */

static void
print_values(const struct found_entry *entry, const char *attribute)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (!sdr_attribute_is(attribute, entry->values[i].attribute))
            continue;
        print_label(attribute);
        print_clean_octets(entry->values[i].octets, entry->values[i].len);
        putchar('\n');
    }
}

/* Print an owner value and its sites. A memberOf value that matches no site is
 * left out: most groups have nothing to do with mail. */
static void
print_owner(const struct sdr_config *config, const char *attribute,
            const struct found_value *value)
{
    sdr_sites sites = value->sites;

    if (sites == 0 && strcasecmp(attribute, "memberOf") == 0)
        return;
    print_label(attribute);
    print_clean_octets(value->octets, value->len);
    if (sites == 0) {
        puts(" (matches no site)");
        return;
    }
    fputs(" (site ", stdout);
    print_sites(config, sites);
    puts(")");
}

static void
print_owners(const struct sdr_config *config, const struct found_entry *entry,
             const char *attribute)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (sdr_attribute_is(attribute, entry->values[i].attribute))
            print_owner(config, attribute, &entry->values[i]);
    }
}

/* Print the facts of the entry. */
static void
print_meaning(const struct sdr_config *config, const struct sdr_facts *facts)
{
    char routing[SDR_ADDRESS_MAX + 1];

    print_label("mailbox at");
    print_sites(config, facts->owners);
    puts(facts->owners == 0  ? "no site"
         : facts->by_default ? " (default-owner of the directory)"
                             : "");
    if (sdr_facts_has_address(facts)) {
        sdr_address_format(&facts->routing, routing, sizeof routing);
        print_label("routed to");
        print_clean(routing);
        if (facts->has_routing)
            printf(" (site %s)", config->sites[facts->routing_site].name);
        puts(facts->forward ? " (outside every site)" : "");
    }
    if (facts->hold) {
        print_label("on hold");
        puts("yes");
    }
    for (unsigned i = 0; i < FAULTS; i++) {
        if (has_fault(facts, i)) {
            print_label("WRONG");
            puts(faults[i].sentence);
        }
    }
}

static void
print_change(const struct found_entry *entry)
{
    const char *who;
    char when[64];

    find_change(entry, when, sizeof when, &who);
    if (when[0] == '\0')
        return;
    print_label("last change");
    print_clean(when);
    if (who != NULL) {
        fputs(" by ", stdout);
        print_clean(who);
    }
    putchar('\n');
}

static void
print_entry(const struct lookup *lookup, const struct found_entry *entry)
{
    const struct sdr_directory_options *options =
        &lookup->config->directories[lookup->directory];
    const struct sdr_mapping *mapping = &options->mapping;

    printf("  directory %s: ", options->name);
    print_clean(entry->dn);
    puts(lookup->from_a_file ? " (in an LDIF file)" : "");
    for (unsigned i = 0; i < mapping->addresses.count; i++)
        print_values(entry, mapping->addresses.items[i]);
    print_owners(lookup->config, entry, mapping->owner);
    print_values(entry, mapping->routing);
    print_values(entry, mapping->hold);
    print_meaning(lookup->config, &entry->facts);
    print_change(entry);
}

/* ---- a directory ---- */

static void
print_difference(const struct lookup *lookup)
{
    const struct sdr_facts *facts = &lookup->replica_facts;
    char routing[SDR_ADDRESS_MAX + 1];

    fputs("not up to date: it has ", stdout);
    if (lookup->replica_status == SDR_NOTFOUND) {
        puts("no entry with this address");
        return;
    }
    print_clean(facts->dn);
    fputs(" at ", stdout);
    print_sites(lookup->config, facts->owners);
    fputs(facts->owners == 0 ? "no site" : "", stdout);
    if (sdr_facts_has_address(facts)) {
        sdr_address_format(&facts->routing, routing, sizeof routing);
        fputs(", mail to ", stdout);
        print_clean(routing);
    }
    fputs(facts->hold ? ", on hold" : "", stdout);
    puts(facts->disagree ? ", and another entry that disagrees" : "");
}

static void
print_comparison(const struct lookup *lookup)
{
    const char *name = lookup->config->directories[lookup->directory].name;

    if (lookup->comparison == COMPARED_NONE
        || lookup->comparison == COMPARED_SAME)
        return;
    printf("  replica of %s: ", name);
    if (lookup->comparison == COMPARED_DIFFERS) {
        print_difference(lookup);
    } else {
        print_clean(lookup->replica_error.text);
        putchar('\n');
    }
}

static void
print_lookup(const struct shown *shown, const struct lookup *lookup)
{
    const char *name = shown->config->directories[lookup->directory].name;

    for (size_t i = 0; i < lookup->count; i++) {
        if (lookup->entries[i].facts.key == shown->key)
            print_entry(lookup, &lookup->entries[i]);
    }
    if (lookup->status == SDR_TEMPFAIL) {
        printf("  directory %s: NO RELIABLE ANSWER: ", name);
        print_clean(lookup->error.text);
        putchar('\n');
    }
    if (lookup->count > 0 && lookup->facts.disagree)
        printf("  directory %s: WRONG: these entries disagree\n", name);
    print_comparison(lookup);
}

/* ---- all directories ---- */

static void
print_key(const struct shown *shown)
{
    const struct sdr_keys *keys = &shown->question.keys;
    const struct sdr_octets *extension = &keys->extension[shown->key];
    char text[SDR_ADDRESS_MAX + 1];

    sdr_address_format(&keys->key[shown->key], text, sizeof text);
    fputs("  found by ", stdout);
    print_clean(text);
    if (keys->key[shown->key].local[0] == '\0')
        puts(", the catch-all");
    else if (extension->from < extension->to)
        puts(", without its extension");
    else
        puts(", without its tag");
}

void
show_text(const struct shown *shown)
{
    print_verdict(shown->recipient, &shown->verdict);
    if (!shown->split) {
        puts(shown->verdict.decided
                 ? "  no directory is searched for this local part"
                 : "  no directory is searched for this domain");
        return;
    }
    if (shown->key > 0 && shown->key < SDR_KEYS_MAX)
        print_key(shown);
    for (unsigned i = 0; i < shown->config->directory_count; i++)
        print_lookup(shown, &shown->lookups[i]);
    if (shown->key == SDR_KEYS_MAX && !shown->silent)
        puts("  no directory has an entry with this address");
}
