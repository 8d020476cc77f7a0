/* connection.c - see connection.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "handle.h"

struct sdr_connection {
    LDAP *ld;
    const struct sdr_directory_options *directory;
};

void
sdr_connection_init(void)
{
    sdr_handle_init();
}

enum sdr_status
sdr_connection_open(struct sdr_connection **connection,
                    const struct sdr_directory_options *directory,
                    const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct sdr_connection *c = calloc(1, sizeof *c);

    *connection = NULL;
    if (c == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    c->directory = directory;
    if (sdr_handle_open(&c->ld, directory, uri, deadline, error) != SDR_OK) {
        sdr_error_prefix(error, "%s", uri);
        free(c);
        return SDR_TEMPFAIL;
    }
    *connection = c;
    return SDR_OK;
}

void
sdr_connection_close(struct sdr_connection **connection)
{
    if (*connection == NULL)
        return;
    sdr_handle_free(&(*connection)->ld);
    free(*connection);
    *connection = NULL;
}

void
sdr_connection_abandon(struct sdr_connection **connection)
{
    int fd = -1;
    int null;

    if (*connection == NULL)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ldap_get_option((*connection)->ld, LDAP_OPT_DESC, &fd);
    if (fd >= 0 && null >= 0)
        dup2(null, fd);
    if (null >= 0)
        close(null);
    sdr_connection_close(connection);
}

/* ---- searching ---- */

static void
read_entry(LDAP *ld, LDAPMessage *entry, const struct sdr_search *search)
{
    BerElement *ber = NULL;
    char *dn = ldap_get_dn(ld, entry);

    search->entry(search->arg, dn == NULL ? "?" : dn);
    ldap_memfree(dn);
    for (char *name = ldap_first_attribute(ld, entry, &ber); name != NULL;
         name = ldap_next_attribute(ld, entry, ber)) {
        struct berval **values = ldap_get_values_len(ld, entry, name);

        for (unsigned i = 0; values != NULL && values[i] != NULL; i++)
            search->value(search->arg, name, values[i]->bv_val,
                          values[i]->bv_len);
        ldap_value_free_len(values);
        ldap_memfree(name);
    }
    ber_free(ber, 0);
    search->end(search->arg);
}

/* Active Directory refers each domain-wide search to its own partitions, which
 * hold no recipients. Any other reference means that there is more elsewhere.
 */
static bool
is_harmless_reference(LDAP *ld, LDAPMessage *reference)
{
    static const char *const own[] = {"CN=Configuration,", "DC=DomainDnsZones,",
                                      "DC=ForestDnsZones,"};
    char **urls = NULL;
    bool harmless = false;

    if (ldap_parse_reference(ld, reference, &urls, NULL, 0) != LDAP_SUCCESS
        || urls == NULL)
        return false;
    for (unsigned i = 0; urls[i] != NULL; i++) {
        LDAPURLDesc *url = NULL;

        harmless = false;
        if (ldap_url_parse(urls[i], &url) != LDAP_URL_SUCCESS)
            break;
        for (unsigned k = 0; k < sizeof own / sizeof own[0]; k++)
            harmless |=
                url->lud_dn != NULL
                && strncasecmp(url->lud_dn, own[k], strlen(own[k])) == 0;
        ldap_free_urldesc(url);
        if (!harmless)
            break;
    }
    ber_memvfree((void **)urls);
    return harmless;
}

/* Read the messages of one result chain; true if it ends the search. */
static bool
read_chain(LDAP *ld, LDAPMessage *chain, struct sdr_search *search, int *code)
{
    for (LDAPMessage *m = ldap_first_message(ld, chain); m != NULL;
         m = ldap_next_message(ld, m)) {
        switch (ldap_msgtype(m)) {
        case LDAP_RES_SEARCH_ENTRY:
            read_entry(ld, m, search);
            break;
        case LDAP_RES_SEARCH_REFERENCE:
            search->complete &= is_harmless_reference(ld, m);
            break;
        case LDAP_RES_SEARCH_RESULT:
            if (ldap_parse_result(ld, m, code, NULL, NULL, NULL, NULL, 0)
                != LDAP_SUCCESS)
                *code = LDAP_DECODING_ERROR;
            return true;
        }
    }
    return false;
}

static enum sdr_status
receive(LDAP *ld, int id, struct sdr_search *search, int64_t deadline,
        bool *broken, struct sdr_error *error)
{
    struct timeval left = sdr_clock_left(deadline);
    LDAPMessage *chain = NULL;
    int rc = ldap_result(ld, id, LDAP_MSG_ALL, &left, &chain);
    int code = LDAP_TIMEOUT;

    search->complete = rc > 0;
    if (rc < 0)
        ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
    else if (rc == 0)
        ldap_abandon_ext(ld, id, NULL, NULL);
    else if (!read_chain(ld, chain, search, &code))
        code = LDAP_DECODING_ERROR;
    ldap_msgfree(chain);
    *broken = rc <= 0;
    if (code == LDAP_SIZELIMIT_EXCEEDED && search->size_limit > 0) {
        search->complete = false;
        return SDR_OK;
    }
    if (code == LDAP_SUCCESS)
        return SDR_OK;
    search->complete = false;
    sdr_handle_tell(ld, "search", code, error);
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_connection_search(struct sdr_connection *connection,
                      struct sdr_search *search, int64_t deadline, bool *broken,
                      struct sdr_error *error)
{
    LDAP *ld = connection->ld;
    struct timeval left = sdr_clock_left(deadline);
    int id = 0;
    int rc;

    search->complete = false;
    *broken = true;
    if (!sdr_handle_deadline(ld, deadline)) {
        sdr_error_set(error, "cannot set options");
        return SDR_TEMPFAIL;
    }
    left.tv_sec += 1; /* a limit for the server; ours comes first */
    rc = ldap_search_ext(ld, connection->directory->search_base,
                         LDAP_SCOPE_SUBTREE, search->filter,
                         (char **)(uintptr_t)search->attributes, 0, NULL, NULL,
                         &left, search->size_limit, &id);
    if (rc != LDAP_SUCCESS) {
        *broken = rc != LDAP_FILTER_ERROR;
        sdr_handle_tell(ld, "search", rc, error);
        return SDR_TEMPFAIL;
    }
    return receive(ld, id, search, deadline, broken, error);
}

enum sdr_status
sdr_connection_compare(struct sdr_connection *connection, const char *dn,
                       const char *attribute, const char *value,
                       int64_t deadline, int *code, struct sdr_error *error)
{
    LDAP *ld = connection->ld;
    struct timeval left = sdr_clock_left(deadline);
    struct berval assertion = {.bv_val = (char *)(uintptr_t)value,
                               .bv_len = strlen(value)};
    LDAPMessage *result = NULL;
    int id = 0;
    int rc;

    if (!sdr_handle_deadline(ld, deadline)
        || ldap_compare_ext(ld, dn, attribute, &assertion, NULL, NULL, &id)
               != LDAP_SUCCESS) {
        sdr_error_set(error, "compare: cannot be sent");
        return SDR_TEMPFAIL;
    }
    rc = ldap_result(ld, id, LDAP_MSG_ALL, &left, &result);
    if (rc > 0
        && ldap_parse_result(ld, result, code, NULL, NULL, NULL, NULL, 0)
               != LDAP_SUCCESS)
        rc = -1;
    ldap_msgfree(result);
    if (rc > 0)
        return SDR_OK;
    sdr_handle_tell(ld, "compare", rc == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN,
                    error);
    return SDR_TEMPFAIL;
}
