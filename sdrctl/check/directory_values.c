/* directory_values.c - values that contain an address and other text
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/directory_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/pages.h"
#include "decision/value.h"

/* Limits: addresses named in the report, addresses kept per entry, and the time
 * in milliseconds. */
enum { NAMED = 5, OF_ENTRY = 64, TIME_MS = 60000 };

/* Addresses of the entry being read. */
struct addresses {
    struct sdr_address items[OF_ENTRY];
    unsigned count;
};

struct values {
    struct directory_check *check;
    struct addresses certain, doubtful;
    uint64_t entries, bad_values;
    char names[1024];
};

static bool
has(const struct addresses *addresses, const struct sdr_address *address)
{
    for (unsigned i = 0; i < addresses->count; i++) {
        if (sdr_address_same(&addresses->items[i], address))
            return true;
    }
    return false;
}

static void
on_address(void *arg, const struct sdr_address *address, bool certain)
{
    struct values *values = arg;
    struct addresses *addresses =
        certain ? &values->certain : &values->doubtful;
    const struct sdr_name *name =
        sdr_config_name(values->check->config, address->domain);

    if (name != NULL && name->kind == SDR_NAME_SPLIT
        && addresses->count < OF_ENTRY && !has(addresses, address))
        sdr_address_copy(&addresses->items[addresses->count++], address);
}

static void
begin_entry(void *arg, const char *dn)
{
    struct values *values = arg;

    values->entries++;
    values->certain.count = values->doubtful.count = 0;
    snprintf(values->check->dn, sizeof values->check->dn, "%s", dn);
}

static void
take_value(void *arg, const char *attribute, const char *value, size_t len)
{
    sdr_value_read(attribute, value, len, on_address, arg);
}

static void
end_entry(void *arg)
{
    struct values *values = arg;

    for (unsigned i = 0; i < values->doubtful.count; i++) {
        size_t used = strlen(values->names);
        char text[SDR_ADDRESS_MAX + 1];

        if (has(&values->certain, &values->doubtful.items[i])
            || ++values->bad_values > NAMED)
            continue;
        sdr_address_format(&values->doubtful.items[i], text, sizeof text);
        snprintf(values->names + used, sizeof values->names - used,
                 "%s%s in %s", used > 0 ? "; " : "", text, values->check->dn);
    }
}

static bool
is_over(void *arg)
{
    return sdr_clock() >= *(const int64_t *)arg;
}

/* Read all entries that have an address. */
static enum sdr_status
read_all(struct values *values, struct sdr_error *error)
{
    struct directory_check *check = values->check;
    const struct sdr_list *addresses = &check->directory->mapping.addresses;
    char *filter = sdr_filter_present(check->directory, addresses->items,
                                      addresses->count);
    const char **wanted = calloc(addresses->count + 1, sizeof *wanted);
    struct sdr_search search = {.filter = filter,
                                .attributes = wanted,
                                .entry = begin_entry,
                                .value = take_value,
                                .end = end_entry,
                                .arg = values};
    int64_t end = sdr_clock() + TIME_MS;
    const struct sdr_pages pages = {.stop = is_over, .arg = &end};
    enum sdr_status status;

    if (wanted != NULL)
        memcpy(wanted, addresses->items, addresses->count * sizeof *wanted);
    sdr_connection_set_deadline(check->connection, end);
    status = sdr_pages_search(check->connection, &search, &pages, error);
    free(wanted);
    free(filter);
    return status;
}

static void
report(struct directory_check *check, const struct values *values)
{
    if (values->bad_values > 0)
        report_finding(
            &check->worst, CHECK_DOUBTFUL, "values",
            "store each address in a value of its own, without other text",
            "%" PRIu64
            " addresses are in values with other text; mail for them is "
            "deferred, or rejected where no search finds the value: %s%s",
            values->bad_values, values->names,
            values->bad_values > NAMED ? "; ..." : "");
    else
        report_finding(&check->worst, CHECK_OK, "values", NULL,
                       "%" PRIu64 " entries, all addresses can be read",
                       values->entries);
}

void
directory_check_values(struct directory_check *check)
{
    struct values *values = calloc(1, sizeof *values);
    struct sdr_error error = {"no memory"};
    enum sdr_status status = SDR_TEMPFAIL;

    if (values != NULL) {
        values->check = check;
        status = read_all(values, &error);
    }
    if (status != SDR_OK)
        report_finding(&check->worst, CHECK_DOUBTFUL, "values", NULL,
                       "not all entries were read: %s", error.text);
    if (values != NULL && (status == SDR_OK || values->bad_values > 0))
        report(check, values);
    free(values);
}
