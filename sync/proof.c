/* proof.c - see proof.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "filter.h"
#include "sight.h"

/* A search that may have to look at every entry (milliseconds). */
enum { LONG_MS = 60 * 1000 };

static void
keep_name(void *arg, const char *dn)
{
    char **name = arg;

    if (*name == NULL)
        *name = strdup(dn);
}

/* Entries with an address; OWNERLESS: that show nothing of whose they are. */
static char *
make_filter(const struct sdr_directory_options *directory, bool ownerless)
{
    const struct sdr_mapping *mapping = &directory->mapping;
    const char *names[] = {mapping->owner, mapping->routing};
    char *addresses = sdr_filter_present(directory, mapping->addresses.items,
                                         mapping->addresses.count);
    char *text = NULL;
    size_t size = 0;
    FILE *out = addresses == NULL ? NULL : open_memstream(&text, &size);

    if (out != NULL) {
        fprintf(out, "(&%s", addresses);
        for (unsigned i = 0; ownerless && i < 2; i++) {
            if (names[i] != NULL)
                fprintf(out, "(!(%s=*))", names[i]);
        }
        putc(')', out);
        if (fclose(out) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(addresses);
    return text;
}

/* *dn is the name of such an entry, freed by the caller; NULL if there is
 * none. */
static enum sdr_status
find_entry(struct sdr_connection *connection,
           const struct sdr_directory_options *directory, bool ownerless,
           char **dn, struct sdr_error *error)
{
    const char *none[] = {"1.1", NULL};
    char *filter = make_filter(directory, ownerless);
    struct sdr_search search = {.filter = filter,
                                .attributes = none,
                                .size_limit = 1,
                                .entry = keep_name,
                                .arg = dn};
    enum sdr_status status;
    bool broken;

    *dn = NULL;
    status = sdr_connection_search(connection, &search, sdr_clock() + LONG_MS,
                                   &broken, error);
    free(filter);
    return status;
}

enum sdr_status
proof_of_sight(struct sdr_connection *connection,
               const struct sdr_directory_options *directory,
               struct sdr_rights_seen *seen, struct sdr_error *error)
{
    int64_t limit = (int64_t)directory->timeout * 1000;
    struct sdr_sight sight = {0};
    struct sdr_rights rights = {0};
    enum sdr_status status;
    char *dn = NULL;
    bool broken;

    status = sdr_sight_prove(&sight, connection, directory, sdr_clock() + limit,
                             &broken, error);
    if (status == SDR_OK)
        status = find_entry(connection, directory, true, &dn, error);
    /* To OpenLDAP an attribute that may not be searched is not even absent. */
    if (status == SDR_OK && dn == NULL)
        status = find_entry(connection, directory, false, &dn, error);
    if (status == SDR_OK && dn != NULL)
        status = sdr_rights_prove(&rights, seen, connection, directory, dn,
                                  sdr_clock() + limit, &broken, error);
    sdr_sight_clear(&sight);
    free(dn);
    return status;
}
