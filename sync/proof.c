/* proof.c - see proof.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "filter.h"

/* A search that may have to look at every entry (milliseconds). */
enum { LONG_MS = 60 * 1000 };

static void
keep_name(void *arg, const char *dn)
{
    char **name = arg;

    if (*name == NULL)
        *name = strdup(dn);
}

/* Entries with an address that show nothing of whose they are. */
static char *
make_filter(const struct sdr_directory_options *directory)
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
        for (unsigned i = 0; i < 2; i++) {
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
find_ownerless(const struct proof *proof, char **dn, struct sdr_error *error)
{
    const char *none[] = {"1.1", NULL};
    char *filter = make_filter(proof->directory);
    struct sdr_search search = {.filter = filter,
                                .attributes = none,
                                .size_limit = 1,
                                .entry = keep_name,
                                .arg = dn};
    enum sdr_status status;
    bool broken;

    *dn = NULL;
    status = sdr_connection_search(proof->connection, &search,
                                   sdr_clock() + LONG_MS, &broken, error);
    free(filter);
    return status;
}

static int64_t
deadline(const struct proof *proof)
{
    return sdr_clock() + (int64_t)proof->directory->timeout * 1000;
}

static enum sdr_status
prove_sight(struct proof *proof, struct sdr_error *error)
{
    bool broken;

    return sdr_sight_prove(&proof->sight, proof->connection, proof->directory,
                           deadline(proof), &broken, error);
}

static enum sdr_status
prove_rights(struct proof *proof, const char *dn, struct sdr_error *error)
{
    bool broken;

    return sdr_rights_prove(&proof->rights, proof->seen, proof->connection,
                            proof->directory, dn, deadline(proof), &broken,
                            error);
}

enum sdr_status
proof_of_sight(struct proof *proof, struct sdr_error *error)
{
    enum sdr_status status = prove_sight(proof, error);
    char *dn = NULL;

    if (status == SDR_OK)
        status = find_ownerless(proof, &dn, error);
    /* To OpenLDAP an attribute that may not be searched is not even absent:
     * then anybody will do. */
    if (status == SDR_OK)
        status = prove_rights(proof, dn != NULL ? dn : proof->sight.dn, error);
    free(dn);
    return status;
}

enum sdr_status
proof_again(struct proof *proof, struct sdr_error *error)
{
    enum sdr_status status;

    proof->sight.until = 0;
    if (!proof->rights.ad.is_ad)
        proof->rights.until = 0;
    status = prove_sight(proof, error);
    return status == SDR_OK ? prove_rights(proof, proof->sight.dn, error)
                            : status;
}

void
proof_clear(struct proof *proof)
{
    sdr_sight_clear(&proof->sight);
}
