/* global_catalog.c - see global_catalog.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/global_catalog.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "ldap/filter.h"
#include "decision/profile.h"
#include "ldap/server_kind.h"
#include "decision/value.h"

enum { PORT = 3268, TLS_PORT = 3269 };

/* The server's time limit: there may be neither a value nor an index. */
enum { LOOK_SECONDS = 2 };

/* The attributes' definitions in the schema. */
struct look {
    const char *const *names; /* ends with NULL */
    bool *known, *marked;     /* by name */
    bool any_marked;
    /* the definition being read */
    int defined; /* -1: of another attribute */
    bool is_marked;
};

static bool
is_catalog(const char *uri)
{
    LDAPURLDesc *url = NULL;
    bool is = ldap_url_parse(uri, &url) == LDAP_URL_SUCCESS
              && (url->lud_port == PORT || url->lud_port == TLS_PORT);

    ldap_free_urldesc(url);
    return is;
}

/* ---- the schema ---- */

static void
on_definition(void *arg, const char *dn)
{
    struct look *look = arg;

    (void)dn;
    look->defined = -1;
    look->is_marked = false;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct look *look = arg;

    if (strcasecmp(attribute, "isMemberOfPartialAttributeSet") == 0) {
        look->is_marked = sdr_value_is("TRUE", value, len);
        return;
    }
    for (int i = 0; look->names[i] != NULL; i++) {
        if (sdr_value_is(look->names[i], value, len))
            look->defined = i;
    }
}

static void
on_definition_end(void *arg)
{
    struct look *look = arg;

    if (look->defined >= 0) {
        look->known[look->defined] = true;
        look->marked[look->defined] = look->is_marked;
        look->any_marked |= look->is_marked;
    }
}

static enum sdr_status
read_schema(struct look *look, unsigned count,
            struct sdr_connection *connection, struct sdr_error *error)
{
    static const char *const wanted[] = {"lDAPDisplayName",
                                         "isMemberOfPartialAttributeSet", NULL};
    char *filter = sdr_filter_definitions(look->names, count);
    struct sdr_search search = {
        .base = sdr_connection_server(connection)->definitions,
        .below = true,
        .filter = filter,
        .attributes = wanted,
        .entry = on_definition,
        .value = on_value,
        .end = on_definition_end,
        .arg = look};
    enum sdr_status status = sdr_connection_search(connection, &search, error);

    free(filter);
    return status;
}

/* ---- the entries ---- */

static void
on_entry(void *arg, const char *dn)
{
    (void)dn;
    *(bool *)arg = true;
}

static enum sdr_status
look_for_value(const char *name, struct sdr_connection *connection, bool *shown,
               struct sdr_error *error)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    char *filter =
        sdr_filter_present(sdr_connection_directory(connection), &name, 1);
    struct sdr_search search = {.filter = filter,
                                .attributes = nothing,
                                .size_limit = 1,
                                .time_limit = LOOK_SECONDS,
                                .entry = on_entry,
                                .arg = shown};
    enum sdr_status status;

    *shown = false;
    status = sdr_connection_search(connection, &search, error);
    free(filter);
    return status;
}

/* ---- both ---- */

/* Returns true if an entry must show a value of the attribute. The last name is
 * an attribute that every schema has and marks. If it is not visible, the
 * schema is not readable, and other missing definitions mean nothing. A catalog
 * may hide the marks. Where Exchange has prepared the forest, all of its
 * attributes are marked, or none. */
static bool
is_doubtful(const struct look *look, unsigned i, unsigned count, bool exchange)
{
    if (look->marked[i] || (look->known[count - 1] && !look->known[i]))
        return false;
    return look->any_marked || (exchange && i == 0);
}

static enum sdr_status
prove_each(struct look *look, unsigned count, struct sdr_connection *connection,
           struct sdr_error *error)
{
    for (unsigned i = 0; i + 1 < count; i++) {
        enum sdr_status status;
        bool shown;

        if (!is_doubtful(
                look, i, count,
                sdr_connection_directory(connection)->mapping.contacts))
            continue;
        status = look_for_value(look->names[i], connection, &shown, error);
        if (status != SDR_OK)
            return status;
        if (!shown) {
            sdr_error_set(error,
                          "this is a global catalog, and it does not seem to "
                          "hold %s: use port 636",
                          look->names[i]);
            return SDR_TEMPFAIL;
        }
    }
    return SDR_OK;
}

static enum sdr_status
prove_all(const char *const *names, unsigned count,
          struct sdr_connection *connection, struct sdr_error *error)
{
    struct look look = {.names = names,
                        .known = calloc(count, sizeof *look.known),
                        .marked = calloc(count, sizeof *look.marked)};
    enum sdr_status status = SDR_TEMPFAIL;

    if (look.known == NULL || look.marked == NULL)
        sdr_error_set(error, "no memory");
    else
        status = read_schema(&look, count, connection, error);
    if (status == SDR_OK)
        status = prove_each(&look, count, connection, error);
    free(look.known);
    free(look.marked);
    return status;
}

enum sdr_status
sdr_catalog_prove(struct sdr_connection *connection, struct sdr_error *error)
{
    static const char *const always_there[] = {"objectClass", NULL};
    const char **names;
    unsigned count = 0;
    enum sdr_status status;

    if (!is_catalog(sdr_connection_uri(connection)))
        return SDR_OK;
    status = sdr_server_detect(connection, error);
    if (status != SDR_OK
        || !sdr_server_is_ad(sdr_connection_server(connection)->kind))
        return status;
    names = sdr_profile_attributes(
        &sdr_connection_directory(connection)->mapping, always_there);
    if (names == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    while (names[count] != NULL)
        count++;
    status = prove_all(names, count, connection, error);
    free(names);
    return status;
}
