/* handle.c - see handle.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "handle.h"

#include <fcntl.h>
#include <pthread.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

#include <openldap.h>

#include "certificate.h"
#include "clock.h"
#include "dial.h"
#include "resolve.h"

/* From this version on libldap bounds a TLS handshake by itself (ITS#8047). */
enum { BOUNDED_TLS_VERSION = 20609 };

/* To find out why a certificate was refused takes a second handshake. */
enum { EXPLAIN_MS = 2000 };

/* ---- once in a process ---- */

static bool tls_is_bounded;

/* libldap asks for this host's full name when it sets itself up, and would wait
 * for name servers that do not answer as long as they like. What /etc/hosts
 * says will do: it is only compared with a certificate for "localhost". */
static void
init_libldap(void)
{
    LDAPAPIInfo info = {.ldapai_info_version = LDAP_API_INFO_VERSION};
    int servers;

    if ((_res.options & RES_INIT) == 0)
        res_init();
    servers = _res.nscount;
    _res.nscount = 0;
    if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) == LDAP_OPT_SUCCESS) {
        tls_is_bounded = info.ldapai_vendor_version >= BOUNDED_TLS_VERSION;
        ber_memvfree((void **)info.ldapai_extensions);
        ldap_memfree(info.ldapai_vendor_name);
    }
    _res.nscount = servers;
}

static void
init(void)
{
    sdr_resolve_init();
    init_libldap();
}

void
sdr_handle_init(void)
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

bool
sdr_handle_deadline(LDAP *ld, int64_t deadline)
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
           && set_flag(ld, LDAP_OPT_RESTART, true);
}

/* NEWCTX last: without it the global context of ldap.conf is used and all the
 * rest silently ignored. */
static bool
set_tls_options(LDAP *ld, const char *ca_file, bool verify)
{
    int require = verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;

    return set_text(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_CACERTFILE, verify ? ca_file : NULL)
           && set_text(ld, LDAP_OPT_X_TLS_CERTFILE, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_KEYFILE, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_PEERKEY_HASH, NULL)
           && set_int(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, require)
           && set_int(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, LDAP_OPT_X_TLS_TRY)
           && set_int(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN,
                      LDAP_OPT_X_TLS_PROTOCOL_TLS1_2)
           && set_int(ld, LDAP_OPT_X_TLS_NEWCTX, 0);
}

/* ---- errors ---- */

void
sdr_handle_tell(LDAP *ld, const char *step, int rc, struct sdr_error *error)
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

/* What a handle is opened with. */
struct opening {
    const struct sdr_directory_options *directory;
    LDAPURLDesc *url;
    bool ldaps;
    bool verify; /* the certificate */
    int64_t deadline;
};

static const char *
host_of(const struct opening *opening)
{
    const char *host = opening->url->lud_host;

    return host == NULL || host[0] == '\0' ? "localhost" : host;
}

/* A handle over our own socket: libldap bounds neither the name servers' answer
 * nor a handshake that it begins with the connect. It learns the host's name,
 * for the certificate, yet nothing of ldaps. */
static enum sdr_status
open_tcp(LDAP **ld, const struct opening *opening, struct sdr_error *error)
{
    LDAPURLDesc plain = *opening->url;
    char scheme[] = "ldap";
    char *uri;
    int fd = -1, rc;
    enum sdr_status status =
        sdr_dial(host_of(opening), (uint16_t)opening->url->lud_port,
                 opening->deadline, &fd, error);

    if (status != SDR_OK)
        return status;
    plain.lud_scheme = scheme;
    uri = ldap_url_desc2str(&plain);
    rc = uri == NULL ? LDAP_NO_MEMORY
                     : ldap_init_fd(fd, LDAP_PROTO_TCP, uri, ld);
    ldap_memfree(uri);
    if (rc == LDAP_SUCCESS)
        return SDR_OK;
    close(fd);
    sdr_error_set(error, "%s", ldap_err2string(rc));
    return SDR_TEMPFAIL;
}

static enum sdr_status
open_unix(LDAP **ld, const struct opening *opening, struct sdr_error *error)
{
    char *uri = ldap_url_desc2str(opening->url);
    int fd = -1;
    int rc = uri == NULL ? LDAP_NO_MEMORY : ldap_initialize(ld, uri);

    ldap_memfree(uri);
    if (rc == LDAP_SUCCESS && !sdr_handle_deadline(*ld, opening->deadline))
        rc = LDAP_LOCAL_ERROR;
    if (rc == LDAP_SUCCESS)
        rc = ldap_connect(*ld);
    if (rc == LDAP_SUCCESS
        && (ldap_get_option(*ld, LDAP_OPT_DESC, &fd) != LDAP_OPT_SUCCESS
            || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0))
        rc = LDAP_LOCAL_ERROR;
    if (rc == LDAP_SUCCESS)
        return SDR_OK;
    sdr_error_set(error, "connect: %s", ldap_err2string(rc));
    return SDR_TEMPFAIL;
}

/* libldap's reads wait in poll() with a bound, not in read() without. */
static bool
set_nonblocking(LDAP *ld)
{
    int fd = -1;

    return ldap_get_option(ld, LDAP_OPT_DESC, &fd) == LDAP_OPT_SUCCESS
           && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) >= 0;
}

static int
handshake(LDAP *ld, const struct opening *opening)
{
    int rc = LDAP_SUCCESS;

    /* It has nothing to do with connecting any more: it makes the handshake of
     * an older libldap wait in poll() as well. */
    if (!sdr_handle_deadline(ld, opening->deadline) || !set_nonblocking(ld)
        || !set_flag(ld, LDAP_OPT_CONNECT_ASYNC, !tls_is_bounded))
        return LDAP_LOCAL_ERROR;
    if (opening->ldaps)
        rc = ldap_install_tls(ld);
    else if (opening->directory->start_tls)
        rc = ldap_start_tls_s(ld, NULL, NULL);
    if (rc == LDAP_SUCCESS && !set_nonblocking(ld))
        rc = LDAP_LOCAL_ERROR;
    return rc;
}

/* Connected and encrypted. With an error the handle may be there as well, to be
 * freed, and *rc is that of the handshake if it came so far. */
static enum sdr_status
connect_to(LDAP **ld, const struct opening *opening, int *rc,
           struct sdr_error *error)
{
    bool tls = opening->ldaps || opening->directory->start_tls;
    const char *ca_file = opening->directory->tls_ca_file;
    bool local = strcmp(opening->url->lud_scheme, "ldapi") == 0;
    enum sdr_status status =
        local ? open_unix(ld, opening, error) : open_tcp(ld, opening, error);

    *rc = LDAP_SUCCESS;
    if (status != SDR_OK)
        return status;
    if (!set_plain_options(*ld)
        || (tls && !set_tls_options(*ld, ca_file, opening->verify))) {
        sdr_error_set(error, "cannot set options%s%s",
                      tls ? ", among them tls-ca-file " : "",
                      tls ? ca_file : "");
        return SDR_TEMPFAIL;
    }
    *rc = handshake(*ld, opening);
    if (*rc == LDAP_SUCCESS)
        return SDR_OK;
    sdr_handle_tell(*ld, opening->ldaps ? "TLS" : "StartTLS", *rc, error);
    return SDR_TEMPFAIL;
}

/* Look at the certificate that was refused, over a connection of its own on
 * which nothing is said. Leaves the error as it is if that shows nothing. */
static void
explain(const struct opening *refused, struct sdr_error *error)
{
    struct opening opening = *refused;
    struct berval der = {0, NULL};
    struct sdr_error ignored, words;
    int64_t most = sdr_clock() + EXPLAIN_MS;
    LDAP *ld = NULL;
    int rc;

    opening.verify = false;
    if (opening.deadline > most)
        opening.deadline = most;
    if (connect_to(&ld, &opening, &rc, &ignored) == SDR_OK
        && ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, &der)
               == LDAP_OPT_SUCCESS
        && der.bv_val != NULL
        && sdr_certificate_explain(der.bv_val, der.bv_len,
                                   opening.directory->tls_ca_file,
                                   host_of(&opening), time(NULL), &words))
        sdr_error_set(error, "%s: %s", opening.ldaps ? "TLS" : "StartTLS",
                      words.text);
    ber_memfree(der.bv_val);
    sdr_handle_free(&ld);
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
    sdr_handle_tell(ld, step, code, error);
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
        sdr_handle_tell(ld, "bind", rc, error);
        return SDR_TEMPFAIL;
    }
    return await(ld, id, "bind", deadline, error);
}

static enum sdr_status
bind_as_told(LDAP *ld, const struct sdr_directory_options *directory,
             int64_t deadline, struct sdr_error *error)
{
    switch (directory->bind) {
    case SDR_BIND_NONE:
        return SDR_OK;
    case SDR_BIND_SIMPLE:
        return bind_simple(ld, directory, deadline, error);
    }
    return SDR_CONFIG;
}

enum sdr_status
sdr_handle_open(LDAP **ld, const struct sdr_directory_options *directory,
                const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct opening opening = {.directory = directory,
                              .verify = directory->tls_require_cert,
                              .deadline = deadline};
    enum sdr_status status;
    int rc;

    *ld = NULL;
    if (ldap_url_parse(uri, &opening.url) != LDAP_URL_SUCCESS) {
        sdr_error_set(error, "not an LDAP URI");
        return SDR_TEMPFAIL;
    }
    opening.ldaps = strcmp(opening.url->lud_scheme, "ldaps") == 0;
    status = connect_to(ld, &opening, &rc, error);
    if (status == SDR_OK)
        status = bind_as_told(*ld, directory, deadline, error);
    else if (rc != LDAP_SUCCESS && opening.verify && sdr_clock() < deadline)
        explain(&opening, error);
    ldap_free_urldesc(opening.url);
    if (status != SDR_OK)
        sdr_handle_free(ld);
    return status;
}

void
sdr_handle_free(LDAP **ld)
{
    if (*ld != NULL)
        ldap_unbind_ext(*ld, NULL, NULL);
    *ld = NULL;
}
