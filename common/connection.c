/* connection.c - see connection.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "connection.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <ldap.h>

#include "clock.h"

/* A peer that vanished is noticed while nobody asks (seconds, tries). */
enum { KEEPALIVE_IDLE = 60, KEEPALIVE_INTERVAL = 15, KEEPALIVE_PROBES = 4 };

struct sdr_connection {
    LDAP *ld;
    const struct sdr_directory_options *directory;
};

static void
init(void)
{
    int level = 0;

    ldap_get_option(NULL, LDAP_OPT_DEBUG_LEVEL, &level);
}

void
sdr_connection_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init);
}

/* ---- options: each a function with the type that libldap expects ---- */

static bool
set_int(LDAP *ld, int option, int value)
{
    return ldap_set_option(ld, option, &value) == LDAP_OPT_SUCCESS;
}

static bool
set_text(LDAP *ld, int option, const char *value)
{
    return ldap_set_option(ld, option, value) == LDAP_OPT_SUCCESS;
}

static bool
set_flag(LDAP *ld, int option, bool on)
{
    return ldap_set_option(ld, option, on ? LDAP_OPT_ON : LDAP_OPT_OFF)
           == LDAP_OPT_SUCCESS;
}

static bool
set_time(LDAP *ld, int option, struct timeval value)
{
    return ldap_set_option(ld, option, &value) == LDAP_OPT_SUCCESS;
}

/* Both bounds of whatever libldap does next. */
static bool
set_deadline(LDAP *ld, int64_t deadline)
{
    struct timeval left = sdr_clock_left(deadline);

    return set_time(ld, LDAP_OPT_NETWORK_TIMEOUT, left)
           && set_time(ld, LDAP_OPT_TIMEOUT, left);
}

static bool
set_plain_options(LDAP *ld)
{
    return set_int(ld, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
           && set_int(ld, LDAP_OPT_DEREF, LDAP_DEREF_NEVER)
           && set_int(ld, LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT)
           && set_int(ld, LDAP_OPT_TIMELIMIT, LDAP_NO_LIMIT)
           && set_flag(ld, LDAP_OPT_REFERRALS, false)
           && set_flag(ld, LDAP_OPT_RESTART, true)
           && set_int(ld, LDAP_OPT_X_KEEPALIVE_IDLE, KEEPALIVE_IDLE)
           && set_int(ld, LDAP_OPT_X_KEEPALIVE_INTERVAL, KEEPALIVE_INTERVAL)
           && set_int(ld, LDAP_OPT_X_KEEPALIVE_PROBES, KEEPALIVE_PROBES);
}

/* NEWCTX last: without it the global context of ldap.conf is used and all the
 * rest silently ignored. */
static bool
set_tls_options(LDAP *ld, const struct sdr_directory_options *directory)
{
    int require = directory->tls_require_cert ? LDAP_OPT_X_TLS_DEMAND
                                              : LDAP_OPT_X_TLS_NEVER;
    const char *ca_file =
        directory->tls_require_cert ? directory->tls_ca_file : NULL;

    return set_text(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_CACERTFILE, ca_file)
           && set_text(ld, LDAP_OPT_X_TLS_CERTFILE, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_KEYFILE, NULL)
           && set_int(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, require)
           && set_int(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN,
                      LDAP_OPT_X_TLS_PROTOCOL_TLS1_2)
           && set_int(ld, LDAP_OPT_X_TLS_NEWCTX, 0);
}

/* ---- errors ---- */

/* "STEP: LDAP's words (the server's words)" */
static void
tell(LDAP *ld, const char *step, int rc, struct sdr_error *error)
{
    char *detail = NULL;

    ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
    if (detail != NULL && detail[0] != '\0')
        sdr_error_set(error, "%s: %s (%s)", step, ldap_err2string(rc), detail);
    else
        sdr_error_set(error, "%s: %s", step, ldap_err2string(rc));
    ldap_memfree(detail);
}

/* ---- opening ---- */

/* The URI that TCP is opened with: ldaps:// gets its TLS afterwards, because
 * libldap bounds only a handshake that it begins on an open socket. */
static enum sdr_status
initialize(LDAP **ld, const char *uri, bool *ldaps, struct sdr_error *error)
{
    LDAPURLDesc *url = NULL;
    char *plain = NULL;
    int rc = LDAP_NO_MEMORY;

    if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS) {
        sdr_error_set(error, "not an LDAP URI");
        return SDR_TEMPFAIL;
    }
    *ldaps = strcmp(url->lud_scheme, "ldaps") == 0;
    if (*ldaps) {
        ber_memfree(url->lud_scheme);
        url->lud_scheme = ber_strdup("ldap");
        plain = url->lud_scheme == NULL ? NULL : ldap_url_desc2str(url);
    }
    if (!*ldaps || plain != NULL)
        rc = ldap_initialize(ld, *ldaps ? plain : uri);
    ldap_free_urldesc(url);
    ldap_memfree(plain);
    if (rc != LDAP_SUCCESS) {
        sdr_error_set(error, "%s", ldap_err2string(rc));
        return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

/* TCP connect; then non-blocking, so that reads and the TLS handshake wait in
 * poll() with a bound instead of in read() without. */
static enum sdr_status
connect_socket(LDAP *ld, int64_t deadline, struct sdr_error *error)
{
    int fd = -1;

    if (!set_deadline(ld, deadline) || ldap_connect(ld) != LDAP_SUCCESS) {
        /* libldap does not tell which, and leaves another errno behind. */
        sdr_error_set(error, "connect: %s",
                      sdr_clock() >= deadline ? "timed out"
                                              : "refused, unreachable or no "
                                                "such host");
        return SDR_TEMPFAIL;
    }
    if (ldap_get_option(ld, LDAP_OPT_DESC, &fd) != LDAP_OPT_SUCCESS || fd < 0
        || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0
        || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0
        || !set_flag(ld, LDAP_OPT_CONNECT_ASYNC, true)) {
        sdr_error_set(error, "connect: cannot set up the socket");
        return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

static enum sdr_status
encrypt(LDAP *ld, bool ldaps, bool start_tls, int64_t deadline,
        struct sdr_error *error)
{
    int rc = LDAP_SUCCESS;

    if (!set_deadline(ld, deadline))
        return SDR_TEMPFAIL;
    if (ldaps)
        rc = ldap_install_tls(ld);
    else if (start_tls)
        rc = ldap_start_tls_s(ld, NULL, NULL);
    if (rc == LDAP_SUCCESS)
        return SDR_OK;
    tell(ld, ldaps ? "TLS" : "StartTLS", rc, error);
    return SDR_TEMPFAIL;
}

/* Wait for the one result of a request that was sent. */
static enum sdr_status
await(LDAP *ld, int id, const char *step, int64_t deadline,
      struct sdr_error *error)
{
    struct timeval left = sdr_clock_left(deadline);
    LDAPMessage *result = NULL;
    int rc = ldap_result(ld, id, LDAP_MSG_ALL, &left, &result);
    int code = LDAP_TIMEOUT;

    if (rc < 0)
        ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
    else if (rc > 0
             && ldap_parse_result(ld, result, &code, NULL, NULL, NULL, NULL, 0)
                    != LDAP_SUCCESS)
        code = LDAP_DECODING_ERROR;
    ldap_msgfree(result);
    if (code == LDAP_SUCCESS)
        return SDR_OK;
    tell(ld, step, code, error);
    return SDR_TEMPFAIL;
}

static enum sdr_status
bind_simple(LDAP *ld, const struct sdr_directory_options *directory,
            int64_t deadline, struct sdr_error *error)
{
    struct berval password = {.bv_val = directory->password,
                              .bv_len = strlen(directory->password)};
    int id = 0;
    int rc = ldap_sasl_bind(ld, directory->bind_dn, LDAP_SASL_SIMPLE, &password,
                            NULL, NULL, &id);

    if (rc != LDAP_SUCCESS) {
        tell(ld, "bind", rc, error);
        return SDR_TEMPFAIL;
    }
    return await(ld, id, "bind", deadline, error);
}

static enum sdr_status
set_up(LDAP *ld, const struct sdr_directory_options *directory, bool ldaps,
       int64_t deadline, struct sdr_error *error)
{
    bool tls = ldaps || directory->start_tls;
    enum sdr_status status;

    if (!set_plain_options(ld) || (tls && !set_tls_options(ld, directory))) {
        sdr_error_set(error, "cannot set options%s%s",
                      tls ? ", among them tls-ca-file " : "",
                      tls ? directory->tls_ca_file : "");
        return SDR_TEMPFAIL;
    }
    status = connect_socket(ld, deadline, error);
    if (status == SDR_OK)
        status = encrypt(ld, ldaps, directory->start_tls, deadline, error);
    if (status != SDR_OK)
        return status;
    switch (directory->bind) {
    case SDR_BIND_NONE:
        return SDR_OK;
    case SDR_BIND_SIMPLE:
        return bind_simple(ld, directory, deadline, error);
    }
    return SDR_CONFIG;
}

enum sdr_status
sdr_connection_open(struct sdr_connection **connection,
                    const struct sdr_directory_options *directory,
                    const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct sdr_connection *c = calloc(1, sizeof *c);
    enum sdr_status status;
    bool ldaps = false;

    *connection = NULL;
    if (c == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    c->directory = directory;
    status = initialize(&c->ld, uri, &ldaps, error);
    if (status == SDR_OK)
        status = set_up(c->ld, directory, ldaps, deadline, error);
    if (status != SDR_OK) {
        sdr_error_prefix(error, "%s", uri);
        sdr_connection_close(&c);
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
    if ((*connection)->ld != NULL)
        ldap_unbind_ext((*connection)->ld, NULL, NULL);
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
    tell(ld, "search", code, error);
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
    if (!set_deadline(ld, deadline)) {
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
        tell(ld, "search", rc, error);
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

    if (!set_deadline(ld, deadline)
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
    tell(ld, "compare", rc == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN, error);
    return SDR_TEMPFAIL;
}
