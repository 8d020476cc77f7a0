/* dump.c - sdrctl dump: the replica as text or JSON
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Prints a line for each address and entry, sorted, so that replicas with the
 * same content have the same output.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "entry_errors.h"
#include "json.h"
#include "replica/reader.h"
#include "command.h"
#include "chosen.h"
#include "usage.h"
#include "log.h"
#include "print.h"

struct dump {
    const struct sdr_config *config;
    bool as_json;
};

/* ---- names ---- */

static const struct sdr_directory_options *
directory_of(const struct dump *dump, const struct sdr_facts *facts)
{
    return &dump->config->directories[facts->directory];
}

static const char *
attribute_of(const struct dump *dump, const struct sdr_facts *facts)
{
    const struct sdr_list *names =
        &directory_of(dump, facts)->mapping.addresses;

    return facts->strength < names->count ? names->items[facts->strength] : "";
}

/* ---- text ---- */

static void
print_value(const char *name, const char *value)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, value, strlen(value), "\"\\");
    printf("%s=\"%s\"", name, clean);
}

/* Print the next name of a list, after *SEPARATOR, which is then a comma. */
static void
print_name(const char *name, const char **separator)
{
    printf("%s%s", *separator, name);
    *separator = ",";
}

static void
print_line(const struct dump *dump, const char *address,
           const struct sdr_facts *facts)
{
    const char *owner = " owner=", *fault = " fault=";
    char routing[SDR_ADDRESS_MAX + 1];

    print_value("address", address);
    print_value(" directory", directory_of(dump, facts)->name);
    printf(" attribute=%s", attribute_of(dump, facts));
    for (unsigned i = 0; i < dump->config->site_count; i++) {
        if ((facts->owners & (sdr_sites)1 << i) != 0)
            print_name(dump->config->sites[i].name, &owner);
    }
    if (facts->by_default)
        fputs(" by-default=yes", stdout);
    if (sdr_facts_has_address(facts)) {
        sdr_address_format(&facts->routing, routing, sizeof routing);
        print_value(" routing-address", routing);
    }
    if (facts->hold)
        fputs(" hold=yes", stdout);
    for (unsigned i = 0; i < FAULTS; i++) {
        if (has_fault(facts, i))
            print_name(faults[i].name, &fault);
    }
    print_value(" dn", facts->dn);
    putchar('\n');
}

/* ---- JSON ---- */

static json_t *
make_object(const struct dump *dump, const char *address,
            const struct sdr_facts *facts)
{
    json_t *object = json_object();

    json_object_set_new(object, "address", make_string(address));
    json_object_set_new(object, "directory",
                        make_string(directory_of(dump, facts)->name));
    json_object_set_new(object, "attribute",
                        make_string(attribute_of(dump, facts)));
    json_object_set_new(object, "owners",
                        make_sites(dump->config, facts->owners));
    json_object_set_new(object, "by-default", json_boolean(facts->by_default));
    json_object_set_new(object, "routing-address", make_routing(facts));
    json_object_set_new(object, "hold", json_boolean(facts->hold));
    json_object_set_new(object, "faults", make_faults(facts));
    json_object_set_new(object, "dn", make_string(facts->dn));
    return object;
}

/* ---- the command ---- */

static void
on_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    const struct dump *dump = arg;

    if (dump->as_json)
        print_object(make_object(dump, address, facts));
    else
        print_line(dump, address, facts);
}

static int
dump_chosen(struct dump *dump, struct sdr_replica *replica,
            const struct chosen *chosen)
{
    int code = EX_OK;

    for (unsigned i = 0; i < dump->config->directory_count; i++) {
        struct sdr_error error;

        if (!is_chosen(chosen, dump->config->directories[i].name)
            || sdr_replica_walk(replica, i, on_row, dump, &error) == SDR_OK)
            continue;
        sdr_error_prefix(&error, "directory %s",
                         dump->config->directories[i].name);
        print_error_line(&error);
        code = EX_TEMPFAIL;
    }
    return code;
}

int
command_dump(struct sdr *sdr, int argc, char **argv)
{
    struct dump dump = {.config = sdr_get_config(sdr)};
    struct sdr_replica *replica;
    struct chosen chosen;
    struct sdr_error error;
    int code;

    if (!read_json_option(argc, argv, "dump", &dump.as_json))
        return EX_USAGE;
    chosen = (struct chosen){argc - optind, argv + optind};
    if (!are_known(&chosen, "directory", dump.config, directory_names, &error))
        return usage_error("dump", "%s", error.text);
    if (dump.config->replica.path == NULL)
        return report_no_replica(dump.config);
    replica = sdr_replica_new(dump.config);
    if (replica == NULL)
        return EX_TEMPFAIL;
    code = dump_chosen(&dump, replica, &chosen);
    sdr_replica_free(&replica);
    return code;
}
