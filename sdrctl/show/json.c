/* json.c - sdrctl show as JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/value.h"
#include "entry_errors.h"
#include "json.h"
#include "show/show.h"
#include "verdict_text.h"
#include "decision/value.h"

/* ---- values ---- */

static json_t *
make_octets(const struct found_value *value)
{
    return make_string_of(value->octets, value->len);
}

static json_t *
make_values(const struct found_entry *entry, const char *attribute)
{
    json_t *values = json_array();

    for (size_t i = 0; i < entry->count; i++) {
        if (sdr_attribute_is(attribute, entry->values[i].attribute))
            json_array_append_new(values, make_octets(&entry->values[i]));
    }
    return values;
}

static json_t *
make_addresses(const struct sdr_mapping *mapping,
               const struct found_entry *entry)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < mapping->addresses.count; i++) {
        const char *name = mapping->addresses.items[i];

        if (find_value(entry, name) != NULL)
            json_object_set_new(object, name, make_values(entry, name));
    }
    return object;
}

static json_t *
make_owner(const struct sdr_config *config, const struct found_value *value)
{
    json_t *object = json_object();

    json_object_set_new(object, "value", make_octets(value));
    json_object_set_new(object, "sites", make_sites(config, value->sites));
    return object;
}

static json_t *
make_owners(const struct sdr_config *config, const struct found_entry *entry,
            const char *attribute)
{
    json_t *owners = json_array();

    for (size_t i = 0; i < entry->count; i++) {
        if (sdr_attribute_is(attribute, entry->values[i].attribute))
            json_array_append_new(owners,
                                  make_owner(config, &entry->values[i]));
    }
    return owners;
}

/* ---- facts ---- */

static void
add_facts(json_t *object, const struct sdr_config *config,
          const struct sdr_facts *facts)
{
    json_object_set_new(object, "dn", make_string(facts->dn));
    json_object_set_new(object, "sites", make_sites(config, facts->owners));
    json_object_set_new(object, "by-default", json_boolean(facts->by_default));
    json_object_set_new(object, "routing-address", make_routing(facts));
    json_object_set_new(object, "hold", json_boolean(facts->hold));
    json_object_set_new(object, "faults", make_faults(facts));
}

static json_t *
make_entry(const struct lookup *lookup, const struct found_entry *entry)
{
    const struct sdr_mapping *mapping =
        &lookup->config->directories[lookup->directory].mapping;
    json_t *object = json_object();
    const char *who;
    char when[64];

    add_facts(object, lookup->config, &entry->facts);
    json_object_set_new(object, "dn", make_string(entry->dn));
    find_change(entry, when, sizeof when, &who);
    json_object_set_new(object, "addresses", make_addresses(mapping, entry));
    json_object_set_new(object, "owner-values",
                        make_owners(lookup->config, entry, mapping->owner));
    json_object_set_new(object, "routing-values",
                        make_values(entry, mapping->routing));
    json_object_set_new(object, "changed",
                        when[0] != '\0' ? make_string(when) : json_null());
    json_object_set_new(object, "changed-by",
                        who != NULL ? make_string(who) : json_null());
    return object;
}

/* ---- directories ---- */

static const char *
answer_name(enum sdr_status status)
{
    switch (status) {
    case SDR_OK:
        return "found";
    case SDR_NOTFOUND:
        return "none";
    case SDR_TEMPFAIL:
    case SDR_INVALID:
    case SDR_CONFIG:
        return "not-now";
    }
    return "";
}

/* Returns the facts of the replica if they differ, or the reason why it has no
 * answer. */
static json_t *
make_comparison(const struct lookup *lookup)
{
    json_t *object = json_object();

    switch (lookup->comparison) {
    case COMPARED_NONE:
        json_decref(object);
        return json_null();
    case COMPARED_SAME:
        json_object_set_new(object, "state", json_string("same"));
        break;
    case COMPARED_SILENT:
        json_object_set_new(object, "state", json_string("not-now"));
        json_object_set_new(object, "reason",
                            make_string(lookup->replica_error.text));
        break;
    case COMPARED_DIFFERS:
        json_object_set_new(object, "state", json_string("differs"));
        json_object_set_new(object, "answer",
                            json_string(answer_name(lookup->replica_status)));
        if (lookup->replica_status == SDR_OK)
            add_facts(object, lookup->config, &lookup->replica_facts);
        break;
    }
    return object;
}

static json_t *
make_directory(const struct shown *shown, const struct lookup *lookup)
{
    json_t *object = json_object(), *entries = json_array();

    for (size_t i = 0; i < lookup->count; i++) {
        if (lookup->entries[i].facts.key == shown->key)
            json_array_append_new(entries,
                                  make_entry(lookup, &lookup->entries[i]));
    }
    json_object_set_new(
        object, "directory",
        make_string(shown->config->directories[lookup->directory].name));
    json_object_set_new(object, "answer",
                        json_string(answer_name(lookup->status)));
    json_object_set_new(object, "reason",
                        lookup->status == SDR_TEMPFAIL
                            ? make_string(lookup->error.text)
                            : json_null());
    json_object_set_new(object, "from-a-file",
                        json_boolean(lookup->from_a_file));
    json_object_set_new(
        object, "disagree",
        json_boolean(lookup->count > 0 && lookup->facts.disagree));
    json_object_set_new(object, "entries", entries);
    json_object_set_new(object, "replica", make_comparison(lookup));
    return object;
}

/* ---- the object ---- */

static json_t *
make_key(const struct shown *shown)
{
    char text[SDR_ADDRESS_MAX + 1];

    if (!shown->split || shown->key == SDR_KEYS_MAX)
        return json_null();
    sdr_address_format(&shown->question.keys.key[shown->key], text,
                       sizeof text);
    return make_string(text);
}

void
show_json(const struct shown *shown)
{
    json_t *object = make_verdict(shown->recipient, &shown->verdict);
    json_t *directories = json_array();

    for (unsigned i = 0; shown->split && i < shown->config->directory_count;
         i++)
        json_array_append_new(directories,
                              make_directory(shown, &shown->lookups[i]));
    json_object_set_new(object, "found-by", make_key(shown));
    json_object_set_new(object, "directories", directories);
    print_object(object);
}
