/* origin.c - see origin.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/origin.h"

#include <stdio.h>

#include <ldap.h>

#include "store/store.h"

/* Enough entries that not all of them can have been deleted since. */
enum { SAMPLE = 16 };

/* "(entryUUID=....)" */
enum { TERM_SIZE = 64 };

static void
print_term(char text[TERM_SIZE], const unsigned char id[SDR_RECORD_ID_SIZE])
{
    int len = snprintf(text, TERM_SIZE, "(entryUUID=");

    for (int i = 0; i < SDR_RECORD_ID_SIZE; i++)
        len +=
            snprintf(text + len, TERM_SIZE - (size_t)len, "%s%02x",
                     i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    snprintf(text + len, TERM_SIZE - (size_t)len, ")");
}

static void
on_entry(void *arg, const char *dn)
{
    (void)dn;
    *(bool *)arg = true;
}

enum sdr_status
origin_is_known(struct worker *worker, struct sdr_connection *connection,
                bool *known, struct sdr_error *error)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    unsigned char ids[SAMPLE][SDR_RECORD_ID_SIZE];
    char filter[SAMPLE * TERM_SIZE + sizeof "(|)"];
    struct sdr_search search = {.filter = filter,
                                .attributes = nothing,
                                .size_limit = 1,
                                .entry = on_entry,
                                .arg = known,
                                .may_fail = true};
    unsigned count = 0;
    enum sdr_status status = store_sample(worker->store, worker->directory, ids,
                                          SAMPLE, &count, error);
    int len = snprintf(filter, sizeof filter, "(|");

    *known = false;
    if (status != SDR_OK || count == 0)
        return status;
    for (unsigned i = 0; i < count; i++) {
        char term[TERM_SIZE];

        print_term(term, ids[i]);
        len += snprintf(filter + len, sizeof filter - (size_t)len, "%s", term);
    }
    snprintf(filter + len, sizeof filter - (size_t)len, ")");
    sdr_connection_renew_deadline(connection);
    status = sdr_connection_search(connection, &search, error);
    return sdr_connection_is_broken(connection) ? status : SDR_OK;
}
