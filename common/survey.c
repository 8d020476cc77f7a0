/* survey.c - see survey.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <ldap.h>

#include "clock.h"
#include "filter.h"
#include "sight.h"
#include "visit.h"

/* A search by an attribute that is indexed takes about as long as one for
 * nothing. One that takes so much longer reads the whole directory. */
enum { SLOW_FACTOR = 10, SLOW_MS = 20, TIMED_SEARCHES = 5 };

static void
add_attribute(struct sdr_visit *visit, const char *name, const char *option,
              bool address, bool named)
{
    if (name != NULL && visit->attribute_count < SDR_VISIT_ATTRIBUTES)
        visit->attributes[visit->attribute_count++] =
            (struct sdr_visit_attribute){name, option, address, named, false};
}

static void
list_attributes(struct sdr_visit *visit)
{
    const struct sdr_directory_options *directory = visit->directory;
    const struct sdr_mapping *mapping = &directory->mapping;

    for (unsigned i = 0; i < mapping->addresses.count; i++)
        add_attribute(visit, mapping->addresses.items[i], "address-attribute",
                      true, mapping->explicit_addresses);
    add_attribute(visit, mapping->owner, "owner-attribute", false,
                  directory->owner_attribute != NULL);
    add_attribute(visit, mapping->routing, "routing-address-attribute", false,
                  directory->routing_attribute != NULL);
    add_attribute(visit, mapping->hold, "hold-attribute", false,
                  directory->hold_attribute != NULL);
}

/* ---- the steps; false: no use in going on ---- */

static bool
connect_to(struct sdr_visit *visit)
{
    int64_t start = sdr_clock();
    struct sdr_error error = {""};
    char version[16] = "";
    bool tls;

    if (sdr_connection_open(&visit->connection, visit->directory, visit->uri,
                            sdr_visit_deadline(visit), &error)
        != SDR_OK) {
        sdr_visit_tell(visit, SDR_SILENT, "connection", NULL, "%s", error.text);
        return false;
    }
    tls = sdr_connection_tls(visit->connection, version, sizeof version);
    sdr_visit_tell(visit, SDR_FINE, "connection", NULL,
                   "connected%s%s and bound in %lld ms", tls ? ", " : "",
                   version, (long long)(sdr_clock() - start));
    if (tls && !visit->directory->tls_require_cert)
        sdr_visit_tell(
            visit, SDR_DOUBTFUL, "certificate", "remove tls-require-cert = no",
            "it is not verified: anybody may claim to be this server");
    return true;
}

static void
on_root_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct sdr_visit *visit = arg;

    if (strcasecmp(attribute, "vendorName") == 0)
        snprintf(visit->vendor, sizeof visit->vendor, "%.*s", (int)len, value);
    else
        snprintf(visit->schema_dn, sizeof visit->schema_dn, "%.*s", (int)len,
                 value);
}

static bool
look_at_root(struct sdr_visit *visit)
{
    static const char *const attributes[] = {"vendorName", "subschemaSubentry",
                                             NULL};
    struct sdr_error error = {""};
    bool broken;

    if (sdr_ad_detect(&visit->ad, visit->connection, sdr_visit_deadline(visit),
                      &broken, &error)
            != SDR_OK
        || sdr_visit_search(visit, "", "(objectClass=*)", attributes,
                            on_root_value, &error)
               != SDR_OK) {
        sdr_visit_tell(visit, SDR_SILENT, "server", NULL, "%s", error.text);
        return false;
    }
    if (visit->vendor[0] == '\0')
        snprintf(visit->vendor, sizeof visit->vendor, "%s",
                 visit->ad.is_ad ? "Active Directory" : "an LDAP server");
    sdr_visit_tell(visit, SDR_FINE, "server", NULL, "%s", visit->vendor);
    return true;
}

static bool
look_at_base(struct sdr_visit *visit)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    const char *base = visit->directory->search_base;
    struct sdr_error error = {""};
    enum sdr_status status = sdr_visit_search(visit, base, "(objectClass=*)",
                                              attributes, NULL, &error);

    if (status == SDR_OK) { /* sight shows whether anything is seen below */
        sdr_visit_tell(visit, SDR_FINE, "search base", NULL, "%s", base);
        return true;
    }
    sdr_visit_tell(visit, SDR_WRONG, "search base",
                   "correct search-base, or let the account search there",
                   "%s: %s", base, error.text);
    return false;
}

static void
look_at_sight(struct sdr_visit *visit)
{
    struct sdr_sight sight = {0};
    struct sdr_error error = {""};
    bool broken;

    if (sdr_sight_prove(&sight, visit->connection, visit->directory,
                        sdr_visit_deadline(visit), &broken, &error)
        == SDR_OK)
        sdr_visit_tell(visit, SDR_FINE, "sight", NULL,
                       "recipients are found by their addresses");
    else
        sdr_visit_tell(
            visit, SDR_WRONG, "sight",
            "give the account the right to read and search the address "
            "attributes, correct search-base, filter or address-attribute",
            "%s", error.text);
    sdr_sight_clear(&sight);
}

/* ---- indices ---- */

/* Milliseconds of the fastest of several searches; negative if one failed. */
static double
time_search(struct sdr_visit *visit, const char *base, const char *filter,
            struct sdr_error *error)
{
    static const char *const attributes[] = {LDAP_NO_ATTRS, NULL};
    double best = -1;

    for (unsigned i = 0; i < TIMED_SEARCHES; i++) {
        struct timespec start, end;
        double ms;

        clock_gettime(CLOCK_MONOTONIC, &start);
        if (sdr_visit_search(visit, base, filter, attributes, NULL, error)
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
look_at_index(struct sdr_visit *visit,
              const struct sdr_visit_attribute *attribute, double baseline)
{
    static const char nobody[] = "no-such-recipient@sdr.invalid";
    struct sdr_error error = {""};
    char *filter = sdr_filter_value(visit->directory, attribute->name, nobody,
                                    strlen(nobody));
    double ms = time_search(visit, NULL, filter, &error);
    char advice[256];

    free(filter);
    snprintf(advice, sizeof advice,
             visit->ad.is_ad ? "set searchFlags 1 of %s in the schema"
                             : "index %s eq",
             attribute->name);
    if (ms < 0)
        sdr_visit_tell(visit, SDR_SILENT, "index", NULL, "%s: %s",
                       attribute->name, error.text);
    else if (ms > SLOW_MS && ms > baseline * SLOW_FACTOR)
        sdr_visit_tell(
            visit, SDR_DOUBTFUL, "index", advice,
            "%s: a search takes %.1f ms, one for nothing %.1f ms: there is no "
            "index",
            attribute->name, ms, baseline);
    else
        sdr_visit_tell(visit, SDR_FINE, "index", NULL,
                       "%s: a search takes %.1f ms", attribute->name, ms);
}

static void
look_at_indices(struct sdr_visit *visit)
{
    struct sdr_error error = {""};
    double baseline = time_search(visit, "", "(objectClass=*)", &error);

    for (unsigned i = 0; i < visit->attribute_count && baseline >= 0; i++) {
        if (visit->attributes[i].address && visit->attributes[i].in_schema)
            look_at_index(visit, &visit->attributes[i], baseline);
    }
}

enum sdr_finding
sdr_survey(const struct sdr_config *config, unsigned directory, unsigned uri,
           const struct sdr_survey *survey)
{
    struct sdr_visit visit = {
        .survey = survey,
        .directory = &config->directories[directory],
        .uri = config->directories[directory].uris.items[uri],
        .worst = SDR_FINE};

    list_attributes(&visit);
    if (connect_to(&visit) && look_at_root(&visit) && look_at_base(&visit)) {
        sdr_visit_schema(&visit);
        look_at_sight(&visit);
        sdr_visit_rights(&visit);
        look_at_indices(&visit);
    }
    sdr_connection_close(&visit.connection);
    return visit.worst;
}
