/* proof.c - see proof.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/server_kind.h"

/* Milliseconds for a search that may have to read every entry. */
enum { LONG_MS = 60 * 1000 };

static void
keep_name(void *arg, const char *dn)
{
    char **name = arg;

    if (*name == NULL)
        *name = strdup(dn);
}

/* Returns a filter for entries with an address but without an owner or routing
 * address. */
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

/* Find an entry without an owner. Sets *DN, freed by the caller; NULL if there
 * is none. */
static enum sdr_status
find_ownerless(const struct proof *proof, char **dn, struct sdr_error *error)
{
    const char *none[] = {"1.1", NULL};
    char *filter = make_filter(proof->session->directory);
    struct sdr_search search = {.filter = filter,
                                .attributes = none,
                                .size_limit = 1,
                                .entry = keep_name,
                                .arg = dn};
    enum sdr_status status;

    *dn = NULL;
    sdr_connection_set_deadline(proof->session->connection,
                                sdr_clock() + LONG_MS);
    status = sdr_connection_search(proof->session->connection, &search, error);
    free(filter);
    return status;
}

/* ---- OpenLDAP: searchable values must be readable ---- */

/* The entry found. */
struct entry_shown {
    char *dn; /* NULL: there is none */
    bool value;
};

static void
on_entry(void *arg, const char *dn)
{
    keep_name(&((struct entry_shown *)arg)->dn, dn);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    (void)attribute;
    (void)value;
    (void)len;
    ((struct entry_shown *)arg)->value = true;
}

/* Prove that a value of NAME is shown by the entry *DN, or by any entry if *DN
 * is NULL. Sets *DN to an entry that has one; freed by the caller. */
static enum sdr_status
look_at_value(const struct proof *proof, const char *name, char **dn,
              struct sdr_error *error)
{
    const char *wanted[] = {name, NULL};
    struct entry_shown entry = {.dn = NULL};
    char *filter = sdr_filter_present(proof->session->directory, wanted, 1);
    struct sdr_search search = {.base = *dn,
                                .filter = filter,
                                .attributes = wanted,
                                .size_limit = 1,
                                .entry = on_entry,
                                .value = on_value,
                                .arg = &entry,
                                .may_fail = true};
    enum sdr_status status;

    sdr_connection_set_deadline(proof->session->connection,
                                sdr_clock() + LONG_MS);
    status = sdr_connection_search(proof->session->connection, &search, error);
    free(filter);
    free(*dn);
    *dn = entry.dn;
    if (status != SDR_OK && search.code == LDAP_NO_SUCH_OBJECT)
        return SDR_OK; /* deleted since then */
    if (status != SDR_OK || entry.dn == NULL || entry.value)
        return status;
    sdr_error_set(error,
                  "%s of %s is not shown: it may be searched, but not read",
                  name, entry.dn);
    return SDR_TEMPFAIL;
}

/* Prove for each attribute that an entry shows its value. AGAIN: only for the
 * entries found before. */
static enum sdr_status
prove_shown(struct proof *proof, bool again, struct sdr_error *error)
{
    struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT];
    enum sdr_status status = SDR_OK;
    unsigned named;

    if (sdr_connection_server(proof->session->connection)->kind
        != SDR_SERVER_OPENLDAP)
        return SDR_OK;
    sdr_access_list(proof->session->directory, attributes, &named);
    for (unsigned i = 0; i < SDR_ACCESS_COUNT && status == SDR_OK; i++) {
        if (attributes[i].name != NULL && (!again || proof->shown[i] != NULL))
            status = look_at_value(proof, attributes[i].name, &proof->shown[i],
                                   error);
    }
    return status;
}

/* ---- the whole proof ---- */

/* An entry without an owner may show a hold. */
static enum sdr_status
prove_absent(const struct proof *proof, const char *dn, struct sdr_error *error)
{
    const struct sdr_directory_options *directory = proof->session->directory;
    const char *hold = directory->mapping.hold;
    unsigned shown = hold == NULL ? 0 : sdr_access_shown(directory, hold);

    return sdr_session_prove_absent(proof->session, dn, shown, error);
}

enum sdr_status
proof_of_visibility(struct proof *proof, struct sdr_error *error)
{
    struct sdr_session *session = proof->session;
    enum sdr_status status;
    char *dn = NULL;

    sdr_connection_renew_deadline(session->connection);
    status = sdr_session_prove_none(session, error);
    if (status == SDR_OK)
        status = find_ownerless(proof, &dn, error);
    sdr_connection_renew_deadline(session->connection);
    /* In OpenLDAP an attribute without search access does not match as absent
     * either: then use any entry. */
    if (status == SDR_OK)
        status = sdr_session_prove_access(
            session, dn != NULL ? dn : session->visibility.dn, error);
    if (status == SDR_OK && dn != NULL)
        status = prove_absent(proof, dn, error);
    free(dn);
    return status == SDR_OK ? prove_shown(proof, false, error) : status;
}

enum sdr_status
proof_again(struct proof *proof, struct sdr_error *error)
{
    struct sdr_session *session = proof->session;
    enum sdr_status status;

    session->visibility.until = 0;
    if (!sdr_server_is_ad(sdr_connection_server(session->connection)->kind))
        session->access.until = 0;
    sdr_connection_renew_deadline(session->connection);
    status = sdr_session_prove_none(session, error);
    sdr_connection_renew_deadline(session->connection);
    if (status == SDR_OK)
        status =
            sdr_session_prove_access(session, session->visibility.dn, error);
    return status == SDR_OK ? prove_shown(proof, true, error) : status;
}

void
proof_clear(struct proof *proof)
{
    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++)
        free(proof->shown[i]);
}
