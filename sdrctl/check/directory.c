/* directory.c - sdrctl check directory: does each server provide what routing
 * needs?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <ldap.h>

#include "ldap/global_catalog.h"
#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/server_kind.h"
#include "ldap/visibility.h"
#include "check/check.h"
#include "check/directory_check.h"
#include "config/file_owner.h"
#include "ldif/ldif_entries.h"

/* A search for an indexed attribute takes about as long as reading the root
 * DSE. One that takes this much longer is not indexed. */
static const double SLOW_FACTOR = 10, SLOW_MS = 20;
enum { TIMED_SEARCHES = 5 };

static void
add_attribute(struct directory_check *check, const char *name,
              const char *option, bool address, bool named)
{
    if (name != NULL && check->attribute_count < DIRECTORY_CHECK_ATTRIBUTES)
        check->attributes[check->attribute_count++] =
            (struct directory_check_attribute){name, option, address, named,
                                               false};
}

static void
list_attributes(struct directory_check *check)
{
    const struct sdr_directory_options *directory = check->directory;
    const struct sdr_mapping *mapping = &directory->mapping;

    for (unsigned i = 0; i < mapping->addresses.count; i++)
        add_attribute(check, mapping->addresses.items[i], "address-attribute",
                      true, mapping->explicit_addresses);
    add_attribute(check, mapping->owner, "owner-attribute", false,
                  directory->owner_attribute != NULL);
    add_attribute(check, mapping->routing, "routing-address-attribute", false,
                  directory->routing_attribute != NULL);
    add_attribute(check, mapping->hold, "hold-attribute", false,
                  directory->hold_attribute != NULL);
}

/* ---- steps; each returns false to end the check ---- */

static bool
connect_to(struct directory_check *check)
{
    int64_t start = sdr_clock();
    struct sdr_error error = {""};
    char version[16] = "";
    bool tls;

    if (sdr_connection_open(&check->connection, check->directory, check->uri,
                            start + (int64_t)check->directory->timeout * 1000,
                            &error)
        != SDR_OK) {
        report_finding(&check->worst, CHECK_UNREACHABLE, "connection", NULL,
                       "%s", error.text);
        return false;
    }
    tls = sdr_connection_tls(check->connection, version, sizeof version);
    report_finding(&check->worst, CHECK_OK, "connection", NULL,
                   "connected%s%s and bound in %lld ms", tls ? ", " : "",
                   version, (long long)(sdr_clock() - start));
    if (tls && !check->directory->tls_require_cert)
        report_finding(&check->worst, CHECK_DOUBTFUL, "certificate",
                       "remove tls-require-cert = no",
                       "not verified: any host can impersonate this server");
    if (tls && sdr_connection_expires(check->connection, &error))
        report_finding(&check->worst, CHECK_DOUBTFUL, "certificate", "renew it",
                       "it %s", error.text);
    return true;
}

static bool
detect_server(struct directory_check *check)
{
    struct sdr_error error = {""};

    if (sdr_server_detect(directory_check_connection(check), &error)
        != SDR_OK) {
        report_finding(&check->worst, CHECK_UNREACHABLE, "server", NULL, "%s",
                       error.text);
        return false;
    }
    check->server = sdr_connection_server(check->connection);
    report_finding(&check->worst, CHECK_OK, "server", NULL, "%s%s%s%s",
                   sdr_server_name(check->server->kind),
                   check->server->vendor[0] != '\0' ? " (" : "",
                   check->server->vendor,
                   check->server->vendor[0] != '\0' ? ")" : "");
    return true;
}

static bool
check_base(struct directory_check *check)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const char *base = check->directory->search_base;
    struct sdr_error error = {""};
    enum sdr_status status = directory_check_search(
        check, base, "(objectClass=*)", attributes, NULL, &error);

    if (status == SDR_OK) { /* check_visibility() covers the entries below */
        report_finding(&check->worst, CHECK_OK, "search base", NULL, "%s",
                       base);
        return true;
    }
    report_finding(&check->worst, CHECK_WRONG, "search base",
                   "correct search-base, or allow the account to search there",
                   "%s: %s", base, error.text);
    return false;
}

static void
check_visibility(struct directory_check *check)
{
    struct sdr_visibility visibility = {0};
    struct sdr_error error = {""};

    if (sdr_visibility_prove(&visibility, directory_check_connection(check),
                             &error)
        == SDR_OK)
        report_finding(&check->worst, CHECK_OK, "visibility", NULL,
                       "recipients are found by their addresses");
    else
        report_finding(
            &check->worst, CHECK_WRONG, "visibility",
            "allow the account to search and read the address attributes, or "
            "correct search-base, filter or address-attribute",
            "%s", error.text);
    sdr_visibility_clear(&visibility);
}

static void
check_catalog(struct directory_check *check)
{
    struct sdr_error error = {""};

    if (sdr_catalog_prove(directory_check_connection(check), &error) != SDR_OK)
        report_finding(&check->worst, CHECK_WRONG, "global catalog",
                       "use port 636, or set isMemberOfPartialAttributeSet of "
                       "that attribute and give one entry a value",
                       "%s", error.text);
}

/* ---- indices ---- */

/* Returns the time of the fastest of several searches in milliseconds, or a
 * negative value if one failed. */
static double
time_search(struct directory_check *check, const char *base, const char *filter,
            struct sdr_error *error)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    double best = -1;

    for (unsigned i = 0; i < TIMED_SEARCHES; i++) {
        struct timespec start, end;
        double ms;

        clock_gettime(CLOCK_MONOTONIC, &start);
        if (directory_check_search(check, base, filter, attributes, NULL, error)
            != SDR_OK)
            return -1;
        clock_gettime(CLOCK_MONOTONIC, &end);
        ms = (double)(end.tv_sec - start.tv_sec) * 1e3
             + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
        if (best < 0 || ms < best)
            best = ms;
    }
    return best;
}

static void
check_index(struct directory_check *check,
            const struct directory_check_attribute *attribute, double baseline)
{
    static const char nobody[] = "no-such-recipient@sdr.invalid";
    struct sdr_error error = {""};
    char *filter = sdr_filter_value(check->directory, attribute->name, nobody,
                                    strlen(nobody));
    double ms = time_search(check, NULL, filter, &error);
    char advice[256];

    free(filter);
    snprintf(advice, sizeof advice,
             sdr_server_is_ad(check->server->kind)
                 ? "set searchFlags 1 of %s in the schema"
                 : "index %s eq",
             attribute->name);
    if (ms < 0)
        report_finding(&check->worst, CHECK_UNREACHABLE, "index", NULL,
                       "%s: %s", attribute->name, error.text);
    else if (ms > SLOW_MS && ms > baseline * SLOW_FACTOR)
        report_finding(&check->worst, CHECK_DOUBTFUL, "index", advice,
                       "%s: a search takes %.1f ms, reading the root DSE %.1f "
                       "ms: not indexed",
                       attribute->name, ms, baseline);
    else
        report_finding(&check->worst, CHECK_OK, "index", NULL,
                       "%s: a search takes %.1f ms", attribute->name, ms);
}

static void
check_indices(struct directory_check *check)
{
    struct sdr_error error = {""};
    double baseline = time_search(check, "", "(objectClass=*)", &error);

    for (unsigned i = 0; i < check->attribute_count && baseline >= 0; i++) {
        if (check->attributes[i].address && check->attributes[i].in_schema)
            check_index(check, &check->attributes[i], baseline);
    }
}

static enum check_result
check_server(const struct sdr_config *config, unsigned index, unsigned uri)
{
    struct directory_check check = {
        .config = config,
        .directory = &config->directories[index],
        .uri = config->directories[index].uris.items[uri],
        .worst = CHECK_OK};

    list_attributes(&check);
    if (connect_to(&check) && detect_server(&check) && check_base(&check)) {
        check_catalog(&check);
        directory_check_schema(&check);
        directory_check_must_see(&check);
        check_visibility(&check);
        directory_check_access(&check);
        directory_check_groups(&check);
        check_indices(&check);
        if (uri == 0) /* the other servers have the same entries */
            directory_check_values(&check);
    }
    sdr_connection_close(&check.connection);
    return check.worst;
}

/* ---- all directories ---- */

/* Check an LDIF file in the same way as sdr-sync reads it. */
static enum check_result
check_file(const struct sdr_config *config, unsigned index)
{
    enum check_result worst = CHECK_OK;
    struct ldif_entries entries = {.config = config, .directory = index};
    struct sdr_error error = {"no memory"};
    char *text = NULL;
    enum sdr_status status =
        sdr_file_read(config->directories[index].ldif_path, false,
                      LDIF_MAX_OCTETS, &text, &entries.len, &error);

    entries.text = text;
    if (status == SDR_OK)
        status = ldif_entries_check(&entries, &error);
    if (status == SDR_OK)
        report_finding(&worst, CHECK_OK, "file", NULL,
                       "%zu entries, %zu with an address in a split domain",
                       entries.name_count, entries.with_address);
    else
        report_finding(
            &worst, status == SDR_TEMPFAIL ? CHECK_UNREACHABLE : CHECK_WRONG,
            "file", "correct the file: until then, sdr-sync does not read it",
            "%s", error.text);
    ldif_entries_clear(&entries);
    free(text);
    return worst;
}

enum check_result
check_directory(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum check_result worst = CHECK_OK;

    for (unsigned i = 0; i < config->directory_count; i++) {
        const struct sdr_directory_options *directory = &config->directories[i];

        if (!is_chosen(&check->chosen, directory->name))
            continue;
        for (unsigned uri = 0; uri < directory->uris.count; uri++) {
            report_heading("directory %s, %s", directory->name,
                           directory->uris.items[uri]);
            worsen(&worst, directory->ldif_path != NULL
                               ? check_file(config, i)
                               : check_server(config, i, uri));
        }
    }
    return worst;
}
