/* connection.c - see connection.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/clock.h"
#include "ldap/open.h"
#include "ldap/range.h"
#include "ldap/error.h"

struct sdr_connection {
    LDAP *ld;
    const struct sdr_directory_options *directory;
    const char *uri;
    int64_t deadline;
    struct sdr_server_facts server;
    bool suspect, broken;
};

enum sdr_status
sdr_connection_open(struct sdr_connection **connection,
                    const struct sdr_directory_options *directory,
                    const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct sdr_connection *c = calloc(1, sizeof *c);
    enum sdr_status status;

    *connection = NULL;
    if (c == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    c->directory = directory;
    c->uri = uri;
    c->deadline = deadline;
    status = sdr_ldap_open(&c->ld, directory, uri, deadline, error);
    if (status != SDR_OK) {
        sdr_error_prefix(error, "%s", uri);
        free(c);
        return status;
    }
    *connection = c;
    return SDR_OK;
}

void
sdr_connection_close(struct sdr_connection **connection)
{
    if (*connection == NULL)
        return;
    sdr_ldap_free(&(*connection)->ld);
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

struct sdr_server_facts *
sdr_connection_server(struct sdr_connection *connection)
{
    return &connection->server;
}

const struct sdr_directory_options *
sdr_connection_directory(const struct sdr_connection *connection)
{
    return connection->directory;
}

const char *
sdr_connection_uri(const struct sdr_connection *connection)
{
    return connection->uri;
}

void
sdr_connection_set_deadline(struct sdr_connection *connection, int64_t deadline)
{
    connection->deadline = deadline;
}

void
sdr_connection_renew_deadline(struct sdr_connection *connection)
{
    connection->deadline =
        sdr_clock() + (int64_t)connection->directory->timeout * 1000;
}

int64_t
sdr_connection_deadline(const struct sdr_connection *connection)
{
    return connection->deadline;
}

bool
sdr_connection_is_broken(const struct sdr_connection *connection)
{
    return connection->broken;
}

void
sdr_connection_set_broken(struct sdr_connection *connection)
{
    connection->broken = true;
}

bool
sdr_connection_is_suspect(const struct sdr_connection *connection)
{
    return connection->suspect;
}

struct ldap *
sdr_connection_handle(struct sdr_connection *connection)
{
    return connection->ld;
}

bool
sdr_connection_tls(const struct sdr_connection *connection, char *version,
                   size_t size)
{
    return sdr_ldap_tls(connection->ld, version, size);
}

bool
sdr_connection_expires(const struct sdr_connection *connection,
                       struct sdr_error *words)
{
    return sdr_ldap_expires(connection->ld, words);
}

/* ---- searching ---- */

/* An entry that is being read. */
struct reading {
    struct sdr_connection *connection;
    const struct sdr_search *search;
    char *dn;
    struct sdr_error *error;
};

static enum sdr_status
fail_reading(const struct reading *reading, const char *reason)
{
    sdr_error_set(reading->error, "search: %s", reason);
    return SDR_TEMPFAIL;
}

/* Report all values of an attribute, under the name that the server uses. */
static enum sdr_status
read_attribute(const struct reading *reading, const struct berval *name,
               BerVarray values)
{
    const struct sdr_search *search = reading->search;
    char *attribute = strndup(name->bv_val, name->bv_len);
    enum sdr_status status;

    if (attribute == NULL)
        return fail_reading(reading, "no memory");
    for (unsigned i = 0; values != NULL && values[i].bv_val != NULL; i++)
        search->value(search->arg, attribute, values[i].bv_val,
                      values[i].bv_len);
    status = sdr_range_follow(reading->connection->ld, reading->dn, attribute,
                              reading->connection->deadline, search->value,
                              search->arg, reading->error);
    free(attribute);
    return status;
}

static enum sdr_status
read_attributes(const struct reading *reading, LDAPMessage *message,
                BerElement *ber)
{
    enum sdr_status status = SDR_OK;
    struct berval name = {0, NULL};
    BerVarray values = NULL;
    int rc = LDAP_SUCCESS;

    while (status == SDR_OK
           && (rc = ldap_get_attribute_ber(reading->connection->ld, message,
                                           ber, &name, &values))
                  == LDAP_SUCCESS
           && name.bv_val != NULL) {
        if (reading->search->value != NULL)
            status = read_attribute(reading, &name, values);
        ber_memfree(values);
        values = NULL;
    }
    return rc == LDAP_SUCCESS
               ? status
               : fail_reading(reading, "an entry that cannot be read");
}

enum sdr_status
sdr_connection_read_entry(struct sdr_connection *connection,
                          struct ldapmsg *message,
                          const struct sdr_search *search,
                          struct sdr_error *error)
{
    struct reading reading = {
        .connection = connection, .search = search, .error = error};
    struct berval dn = {0, NULL};
    BerElement *ber = NULL;
    enum sdr_status status;

    if (ldap_get_dn_ber(connection->ld, message, &ber, &dn) == LDAP_SUCCESS)
        reading.dn = strndup(dn.bv_val, dn.bv_len);
    if (reading.dn == NULL) {
        ber_free(ber, 0);
        return fail_reading(&reading, "an entry without a name");
    }
    if (search->entry != NULL)
        search->entry(search->arg, reading.dn);
    status = read_attributes(&reading, message, ber);
    ber_free(ber, 0);
    free(reading.dn);
    if (status == SDR_OK && search->end != NULL)
        search->end(search->arg);
    return status;
}

/* Returns true if a reference can be ignored. Active Directory refers each
 * domain-wide search to its own partitions, which hold no recipients. Any other
 * reference means that there are more entries elsewhere. */
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

/* A search whose results are being received. */
struct answer {
    struct sdr_search *search;
    int entries;
    int code; /* LDAP result code, once it has ended */
    bool ended;
};

/* ---- pages ---- */

void
sdr_page_clear(struct sdr_page *page)
{
    ber_bvfree(page->cookie);
    page->cookie = NULL;
}

/* ---- controls ---- */

enum { CONTROLS_MAX = 4 };

/* Get Effective Rights, of 389 Directory Server and its relatives. */
static const char effective_rights[] = "1.3.6.1.4.1.42.2.27.9.5.2";

struct controls {
    LDAPControl *list[CONTROLS_MAX + 1]; /* ended by NULL */
    unsigned count;
};

static bool
add_control(struct controls *controls, const char *oid, const char *value)
{
    struct berval octets = {.bv_len = value == NULL ? 0 : strlen(value),
                            .bv_val = (char *)(uintptr_t)value};

    return ldap_control_create(oid, 1, value == NULL ? NULL : &octets, 1,
                               &controls->list[controls->count++])
           == LDAP_SUCCESS;
}

/* Not critical: a server without paged results returns all entries at once. */
static bool
add_page(LDAP *ld, struct controls *controls, const struct sdr_page *page)
{
    return ldap_create_page_control(ld, (ber_int_t)page->size, page->cookie, 0,
                                    &controls->list[controls->count++])
               == LDAP_SUCCESS
           && (!page->deleted
               || add_control(controls, LDAP_CONTROL_X_SHOW_DELETED, NULL));
}

static bool
make_controls(LDAP *ld, const struct sdr_search *search,
              struct controls *controls)
{
    return (search->page == NULL || add_page(ld, controls, search->page))
           && (!search->openldap
               || add_control(controls, LDAP_CONTROL_NOOP, NULL))
           && (search->access_of == NULL
               || add_control(controls, effective_rights, search->access_of));
}

static void
free_controls(struct controls *controls)
{
    for (unsigned i = 0; i < CONTROLS_MAX; i++) {
        if (controls->list[i] != NULL)
            ldap_control_free(controls->list[i]);
    }
}

/* Read the paged results control of the result. */
static bool
turn_page(LDAP *ld, struct sdr_page *page, LDAPControl **controls)
{
    LDAPControl *control =
        ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    struct berval cookie = {0, NULL};
    ber_int_t estimate;

    sdr_page_clear(page);
    page->more = false;
    page->answered = control != NULL;
    if (control == NULL)
        return true;
    if (ldap_parse_pageresponse_control(ld, control, &estimate, &cookie)
        != LDAP_SUCCESS)
        return false;
    page->more = cookie.bv_len > 0;
    if (page->more)
        page->cookie = ber_bvdup(&cookie);
    ber_memfree(cookie.bv_val);
    return !page->more || page->cookie != NULL;
}

static void
take_result(LDAP *ld, LDAPMessage *message, struct answer *answer)
{
    struct sdr_page *page = answer->search->page;
    LDAPControl **controls = NULL;

    answer->ended = true;
    if (ldap_parse_result(ld, message, &answer->code, NULL, NULL, NULL,
                          &controls, 0)
            != LDAP_SUCCESS
        || (page != NULL && answer->code == LDAP_SUCCESS
            && !turn_page(ld, page, controls)))
        answer->code = LDAP_DECODING_ERROR;
    ldap_controls_free(controls);
}

static enum sdr_status
take(struct sdr_connection *connection, LDAPMessage *message,
     struct answer *answer, struct sdr_error *error)
{
    struct sdr_search *search = answer->search;

    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        /* Not every server enforces the limit. */
        if (search->size_limit > 0 && answer->entries++ >= search->size_limit) {
            answer->ended = true;
            answer->code = LDAP_SIZELIMIT_EXCEEDED;
            return SDR_OK;
        }
        return sdr_connection_read_entry(connection, message, search, error);
    case LDAP_RES_SEARCH_REFERENCE:
        search->complete &= is_harmless_reference(connection->ld, message);
        return SDR_OK;
    case LDAP_RES_SEARCH_RESULT:
        take_result(connection->ld, message, answer);
        return SDR_OK;
    }
    return SDR_OK;
}

/* Receive message by message, so that an endless result is not stored. */
static enum sdr_status
receive_all(struct sdr_connection *connection, int id, struct answer *answer,
            struct sdr_error *error)
{
    LDAP *ld = connection->ld;
    enum sdr_status status = SDR_OK;

    while (!answer->ended && status == SDR_OK) {
        struct timeval left = sdr_clock_left(connection->deadline);
        LDAPMessage *message = NULL;
        int rc = sdr_clock() < connection->deadline
                     ? ldap_result(ld, id, LDAP_MSG_ONE, &left, &message)
                     : 0;

        if (rc > 0) {
            status = take(connection, message, answer, error);
        } else {
            answer->ended = connection->broken = true;
            answer->code = LDAP_TIMEOUT;
            if (rc < 0)
                ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &answer->code);
        }
        ldap_msgfree(message);
    }
    return status;
}

/* OpenLDAP as a proxy is unavailable once on each connection after it has lost
 * the server behind it. OpenLDAP's own databases are not. */
static bool
has_lost_server(const struct sdr_connection *connection, int code)
{
    enum sdr_server_kind kind = connection->server.kind;

    return code == LDAP_UNAVAILABLE
           && (kind == SDR_SERVER_PROXY || kind == SDR_SERVER_OPENLDAP);
}

/* Returns true for codes that mean: not authenticated, or not strongly enough.
 * No other codes: binding again does not help if the server's database is
 * unavailable, and such a server may reject the password. */
static bool
needs_new_bind(const struct sdr_connection *connection, int code)
{
    return code == LDAP_INSUFFICIENT_ACCESS || code == LDAP_OPERATIONS_ERROR
           || code == LDAP_STRONG_AUTH_REQUIRED
           || has_lost_server(connection, code);
}

/* Returns true if the search ended at a limit that the caller set. */
static bool
is_own_limit(const struct sdr_search *search, int code)
{
    return (code == LDAP_SIZELIMIT_EXCEEDED && search->size_limit > 0)
           || (code == LDAP_TIMELIMIT_EXCEEDED && search->time_limit > 0);
}

static enum sdr_status
receive(struct sdr_connection *connection, int id, struct sdr_search *search,
        struct sdr_error *error)
{
    LDAP *ld = connection->ld;
    struct answer answer = {.search = search};
    enum sdr_status status;

    search->complete = true;
    status = receive_all(connection, id, &answer, error);
    if (status != SDR_OK) {
        connection->broken = true;
    } else if (is_own_limit(search, answer.code)) {
        search->complete = false;
        ldap_abandon_ext(ld, id, NULL, NULL);
    } else if (answer.code != LDAP_SUCCESS) {
        sdr_ldap_error(ld, "search", answer.code, error);
        status = SDR_TEMPFAIL;
        connection->suspect |=
            !search->may_fail && needs_new_bind(connection, answer.code);
    }
    if (!connection->broken)
        search->code = answer.code;
    search->complete &= status == SDR_OK;
    return status;
}

enum sdr_status
sdr_connection_search(struct sdr_connection *connection,
                      struct sdr_search *search, struct sdr_error *error)
{
    LDAP *ld = connection->ld;
    const char *base = search->base != NULL
                           ? search->base
                           : connection->directory->search_base;
    bool alone = search->base != NULL && !search->below;
    /* By default, our deadline expires before the server's limit. */
    struct timeval limit = {.tv_sec = search->time_limit > 0
                                          ? search->time_limit
                                          : connection->directory->timeout + 1};
    struct controls controls = {.count = 0};
    int rc = LDAP_NO_MEMORY;
    int id = 0;

    search->complete = false;
    search->code = -1;
    if (search->filter == NULL || search->attributes == NULL) {
        /* libldap takes NULL for "everything" */
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    if (!sdr_ldap_deadline(ld, connection->deadline)) {
        connection->broken = true;
        sdr_error_set(error, "cannot set options");
        return SDR_TEMPFAIL;
    }
    if (make_controls(ld, search, &controls))
        rc = ldap_search_ext(
            ld, base, alone ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
            search->filter, (char **)(uintptr_t)search->attributes, 0,
            controls.list, NULL, &limit, search->size_limit, &id);
    free_controls(&controls);
    if (rc != LDAP_SUCCESS) {
        connection->broken |= rc != LDAP_FILTER_ERROR;
        sdr_ldap_error(ld, "search", rc, error);
        return SDR_TEMPFAIL;
    }
    return receive(connection, id, search, error);
}

/* ---- comparing ---- */

static enum sdr_status
send_comparison(LDAP *ld, const char *dn, struct sdr_comparison *comparison,
                struct sdr_error *error)
{
    struct berval value = {.bv_val = (char *)(uintptr_t)comparison->value,
                           .bv_len = strlen(comparison->value)};
    int rc = ldap_compare_ext(ld, dn, comparison->attribute, &value, NULL, NULL,
                              &comparison->id);

    if (rc == LDAP_SUCCESS)
        return SDR_OK;
    sdr_ldap_error(ld, "compare", rc, error);
    return SDR_TEMPFAIL;
}

static enum sdr_status
receive_comparison(LDAP *ld, struct sdr_comparison *comparison,
                   int64_t deadline, struct sdr_error *error)
{
    struct timeval left = sdr_clock_left(deadline);
    LDAPMessage *result = NULL;
    int rc = ldap_result(ld, comparison->id, LDAP_MSG_ALL, &left, &result);

    if (rc > 0
        && ldap_parse_result(ld, result, &comparison->code, NULL, NULL, NULL,
                             NULL, 0)
               != LDAP_SUCCESS)
        rc = -1;
    ldap_msgfree(result);
    if (rc > 0)
        return SDR_OK;
    sdr_ldap_error(ld, "compare", rc == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN,
                   error);
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_connection_compare(struct sdr_connection *connection, const char *dn,
                       struct sdr_comparison *comparisons, unsigned count,
                       struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    if (!sdr_ldap_deadline(connection->ld, connection->deadline)) {
        connection->broken = true;
        sdr_error_set(error, "cannot set options");
        return SDR_TEMPFAIL;
    }
    for (unsigned i = 0; i < count && status == SDR_OK; i++)
        status = send_comparison(connection->ld, dn, &comparisons[i], error);
    for (unsigned i = 0; i < count && status == SDR_OK; i++)
        status = receive_comparison(connection->ld, &comparisons[i],
                                    connection->deadline, error);
    connection->broken |= status != SDR_OK;
    for (unsigned i = 0; i < count && status == SDR_OK; i++)
        connection->suspect |= needs_new_bind(connection, comparisons[i].code);
    return status;
}
