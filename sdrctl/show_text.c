/* show_text.c - sdrctl show for people
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fault.h"
#include "log.h"
#include "sdrctl.h"
#include "show.h"
#include "verdict.h"

/* Of the column of names. */
enum { WIDTH = 18 };

/* ---- small things ---- */

static void
print_octets(const char *octets, size_t len)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, octets, len, "");
    fputs(clean, stdout);
}

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

/* ---- an entry as it stands ---- */

static void
print_values(const struct found_entry *entry, const char *attribute)
{
    for (size_t i = 0; i < entry->count; i++) {
        if (!live_is(attribute, entry->values[i].attribute))
            continue;
        print_label(attribute);
        print_octets(entry->values[i].octets, entry->values[i].len);
        putchar('\n');
    }
}

/* Everybody is in groups that say nothing about mail. */
static void
print_owner(const struct sdr_config *config, const char *attribute,
            const struct found_value *value)
{
    sdr_sites sites = sdr_config_owner(config, value->octets, value->len);

    if (sites == 0 && strcasecmp(attribute, "memberOf") == 0)
        return;
    print_label(attribute);
    print_octets(value->octets, value->len);
    if (sites == 0) {
        puts(" (no site answers to it)");
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
        if (live_is(attribute, entry->values[i].attribute))
            print_owner(config, attribute, &entry->values[i]);
    }
}

/* What all of it means. */
static void
print_meaning(const struct sdr_config *config, const struct sdr_facts *facts)
{
    char routing[SDR_ADDRESS_MAX + 1];

    print_label("lives at");
    print_sites(config, facts->owners);
    puts(facts->owners == 0  ? "no site"
         : facts->by_default ? " (the directory's default-owner)"
                             : "");
    if (facts->has_routing) {
        sdr_address_format(&facts->routing, routing, sizeof routing);
        print_label("gets mail at");
        print_clean(routing);
        printf(" (site %s)\n", config->sites[facts->routing_site].name);
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
print_entry(const struct finding *finding, const struct found_entry *entry)
{
    const struct sdr_directory_options *options =
        &finding->config->directories[finding->directory];
    const struct sdr_mapping *mapping = &options->mapping;

    printf("  directory %s: ", options->name);
    print_clean(entry->dn);
    puts(finding->from_a_file ? " (a file; as sdr-sync has read it)" : "");
    for (unsigned i = 0; i < mapping->addresses.count; i++)
        print_values(entry, mapping->addresses.items[i]);
    print_owners(finding->config, entry, mapping->owner);
    print_values(entry, mapping->routing);
    print_values(entry, mapping->hold);
    print_meaning(finding->config, &entry->facts);
    print_change(entry);
}

/* ---- a directory ---- */

static void
print_difference(const struct finding *finding)
{
    const struct sdr_facts *facts = &finding->twin_facts;
    char routing[SDR_ADDRESS_MAX + 1];

    fputs("the replica has not seen this yet: it says ", stdout);
    if (finding->twin_status == SDR_NOTFOUND) {
        puts("that there is nobody");
        return;
    }
    print_clean(facts->dn);
    fputs(" at ", stdout);
    print_sites(finding->config, facts->owners);
    fputs(facts->owners == 0 ? "no site" : "", stdout);
    if (facts->has_routing) {
        sdr_address_format(&facts->routing, routing, sizeof routing);
        fputs(", mail to ", stdout);
        print_clean(routing);
    }
    fputs(facts->hold ? ", on hold" : "", stdout);
    puts(facts->disagree ? ", and another entry that disagrees" : "");
}

static void
print_twin(const struct finding *finding)
{
    const char *name = finding->config->directories[finding->directory].name;

    if (finding->twin == TWIN_NONE || finding->twin == TWIN_SAME)
        return;
    printf("  replica of %s: ", name);
    if (finding->twin == TWIN_DIFFERS) {
        print_difference(finding);
    } else {
        print_clean(finding->twin_error.text);
        putchar('\n');
    }
}

static void
print_finding_of(const struct shown *shown, const struct finding *finding)
{
    const char *name = shown->config->directories[finding->directory].name;

    for (size_t i = 0; i < finding->count; i++) {
        if (finding->entries[i].facts.key == shown->key)
            print_entry(finding, &finding->entries[i]);
    }
    if (finding->status == SDR_TEMPFAIL) {
        printf("  directory %s: NO SURE ANSWER: ", name);
        print_clean(finding->error.text);
        putchar('\n');
    }
    if (finding->count > 0 && finding->facts.disagree)
        printf("  directory %s: WRONG: these entries disagree\n", name);
    print_twin(finding);
}

/* ---- all of it ---- */

static void
print_key(const struct shown *shown)
{
    const struct sdr_address *key = &shown->question.keys.key[shown->key];
    char text[SDR_ADDRESS_MAX + 1];

    sdr_address_format(key, text, sizeof text);
    fputs("  found by ", stdout);
    print_clean(text);
    puts(key->local[0] == '\0' ? ", the catch-all" : ", without its extension");
}

void
show_text(const struct shown *shown)
{
    print_verdict(shown->recipient, &shown->verdict);
    if (!shown->split) {
        puts("  no directory is asked about this domain");
        return;
    }
    if (shown->key > 0 && shown->key < SDR_KEYS_MAX)
        print_key(shown);
    for (unsigned i = 0; i < shown->config->directory_count; i++)
        print_finding_of(shown, &shown->findings[i]);
    if (shown->key == SDR_KEYS_MAX && !shown->silent)
        puts("  no directory knows this address");
}
