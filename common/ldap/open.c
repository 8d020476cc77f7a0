/* open.c - see open.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/open.h"

#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "ldap/bind.h"
#include "ldap/certificate.h"
#include "net/clock.h"
#include "net/connect.h"
#include "net/resolve.h"
#include "ldap/sigpipe.h"
#include "ldap/error.h"
#include "ldap/sockbuf.h"

/* The time limit of a second handshake, which finds out why a certificate was
 * rejected. */
enum { EXPLAIN_MS = 2000 };

/* ---- once per process ---- */

/* Initialise libldap without DNS. It looks up this host's full name, and would
 * wait for unreachable name servers without a bound. The name in /etc/hosts is
 * good enough: it is only compared with a certificate for "localhost". */
static void
init_libldap(void)
{
    int level = 0, servers;

    if ((_res.options & RES_INIT) == 0)
        res_init();
    servers = _res.nscount;
    _res.nscount = 0;
    ldap_get_option(NULL, LDAP_OPT_DEBUG_LEVEL, &level);
    _res.nscount = servers;
}

static void
init(void)
{
    sdr_resolve_init();
    init_libldap();
}

/* The libraries' initialisation is not thread-safe. It takes milliseconds: too
 * long for a process of Exim that queries no server. */
static void
init_libraries(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init);
}

/* ---- options: a function for each type that libldap expects ---- */

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
sdr_ldap_deadline(LDAP *ld, int64_t deadline)
{
    struct timeval left = sdr_clock_left(deadline);

    sdr_sockbuf_deadline(ld, deadline);
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

static int
tls_version(enum sdr_tls_version version)
{
    switch (version) {
    case SDR_TLS_1_2:
        return LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
    case SDR_TLS_1_3:
        return LDAP_OPT_X_TLS_PROTOCOL_TLS1_3;
    }
    return LDAP_OPT_X_TLS_PROTOCOL_TLS1_3;
}

/* NEWCTX must be last: without it, the global context of ldap.conf is used and
 * all other TLS options are silently ignored. */
static bool
set_tls_options(LDAP *ld, const struct sdr_directory_options *directory,
                bool verify)
{
    int require = verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
    const char *ca_file = verify ? directory->tls_ca_file : NULL;

    return set_text(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL)
           && set_text(ld, LDAP_OPT_X_TLS_CACERTFILE, ca_file)
           && set_text(ld, LDAP_OPT_X_TLS_CERTFILE, directory->tls_cert_file)
           && set_text(ld, LDAP_OPT_X_TLS_KEYFILE, directory->tls_key_file)
           && set_text(ld, LDAP_OPT_X_TLS_PEERKEY_HASH, NULL)
           && set_int(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, require)
           && set_int(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, LDAP_OPT_X_TLS_TRY)
           && set_int(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN,
                      tls_version(directory->tls_min_version))
           && set_int(ld, LDAP_OPT_X_TLS_NEWCTX, 0);
}

/* The libraries do not say which of the files they rejected, or why. */
static void
name_tls_files(const struct sdr_directory_options *directory, bool verify,
               const char *step, struct sdr_error *error)
{
    bool own = directory->tls_cert_file != NULL;

    sdr_error_set(
        error, "%s: cannot use %s%s%s%s%s%s%s", step,
        verify ? "tls-ca-file " : "", verify ? directory->tls_ca_file : "",
        verify && own ? ", or " : "", own ? "tls-cert-file " : "",
        own ? directory->tls_cert_file : "", own ? " with tls-key-file " : "",
        own ? directory->tls_key_file : "");
}

/* ---- opening ---- */

/* The parameters of opening a handle. */
struct opening {
    const struct sdr_directory_options *directory;
    LDAPURLDesc *url;
    bool ldaps;
    bool verify; /* the certificate */
    int64_t deadline;
};

static bool
is_encrypted(const struct opening *opening)
{
    return opening->ldaps || opening->directory->start_tls;
}

static const char *
host_of(const struct opening *opening)
{
    const char *host = opening->url->lud_host;

    return host == NULL || host[0] == '\0' ? "localhost" : host;
}

/* Returns the socket path; OpenLDAP's on Debian if the ldapi:// URI has none.
 */
static const char *
path_of(const struct opening *opening)
{
    const char *path = opening->url->lud_host;

    return path == NULL || path[0] == '\0' ? "/var/run/slapd/ldapi" : path;
}

/* Returns the longest silence of a connection, in milliseconds. If a firewall
 * has dropped the connection, time is left to open a new one to each server. */
static unsigned
longest_silence(const struct sdr_directory_options *directory)
{
    unsigned servers = directory->uris.count > 0 ? directory->uris.count : 1;

    return directory->timeout * 1000 / 2 / servers;
}

/* Open a handle over our own socket. Its URI has the host name, for the
 * certificate, but not the scheme ldaps: TLS is started afterwards. */
static enum sdr_status
open_handle(LDAP **ld, const struct opening *opening, struct sdr_error *error)
{
    bool local = strcmp(opening->url->lud_scheme, "ldapi") == 0;
    LDAPURLDesc plain = *opening->url;
    char scheme[] = "ldap";
    char *uri;
    int fd = -1;
    enum sdr_status status =
        local
            ? sdr_connect_unix(path_of(opening), opening->deadline, &fd, error)
            : sdr_connect(host_of(opening), (uint16_t)opening->url->lud_port,
                          opening->deadline, &fd, error);

    if (status != SDR_OK)
        return status;
    if (!local) {
        sdr_connect_limit_silence(fd, longest_silence(opening->directory));
        plain.lud_scheme = scheme;
    }
    uri = ldap_url_desc2str(&plain);
    status = sdr_sockbuf_open(ld, fd, uri, opening->deadline, error);
    ldap_memfree(uri);
    return status;
}

static int
handshake(LDAP *ld, const struct opening *opening)
{
    if (!sdr_ldap_deadline(ld, opening->deadline))
        return LDAP_LOCAL_ERROR;
    if (opening->ldaps)
        return ldap_install_tls(ld);
    if (opening->directory->start_tls)
        return ldap_start_tls_s(ld, NULL, NULL);
    return LDAP_SUCCESS;
}

/* libldap with GnuTLS ignores LDAP_OPT_X_TLS_PROTOCOL_MIN. */
static bool
is_new_enough(LDAP *ld, enum sdr_tls_version oldest, struct sdr_error *error)
{
    char version[16];
    const char *minor = sdr_ldap_tls(ld, version, sizeof version)
                            ? strstr(version, "1.")
                            : NULL;

    if (minor != NULL && minor[2] >= (oldest == SDR_TLS_1_3 ? '3' : '2')
        && minor[2] <= '9')
        return true;
    sdr_error_set(error, "TLS: the server speaks %s, tls-min-version is %s",
                  minor != NULL ? version : "an unknown version",
                  oldest == SDR_TLS_1_3 ? "1.3" : "1.2");
    return false;
}

/* Get the server's certificate. The caller frees DER->bv_val. Returns false if
 * there is none. */
static bool
get_certificate(LDAP *ld, struct berval *der)
{
    *der = (struct berval){0, NULL};
    return ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, der) == LDAP_OPT_SUCCESS
           && der->bv_val != NULL;
}

static const char *
step_of(const struct opening *opening)
{
    return opening->ldaps ? "TLS" : "StartTLS";
}

/* Set the error to what is wrong with the certificate. Returns false, and
 * leaves the error unchanged, if nothing is found. */
static bool
explain_certificate(LDAP *ld, const struct opening *opening,
                    struct sdr_error *error)
{
    struct berval der;
    struct sdr_error words;
    bool found = get_certificate(ld, &der)
                 && sdr_certificate_explain(
                     der.bv_val, der.bv_len, opening->directory->tls_ca_file,
                     host_of(opening), time(NULL), &words);

    if (found)
        sdr_error_set(error, "%s: %s", step_of(opening), words.text);
    ber_memfree(der.bv_val);
    return found;
}

/* Check what libldap does not. A profile in LDAP_OPT_X_TLS_CIPHER_SUITE would
 * check the whole chain, but libldap 2.5 leaks the memory for it. */
static enum sdr_status
check_certificate(LDAP *ld, const struct opening *opening,
                  struct sdr_error *error)
{
    struct berval der;
    bool fit = get_certificate(ld, &der)
               && sdr_certificate_is_fit(der.bv_val, der.bv_len);

    ber_memfree(der.bv_val);
    if (fit)
        return SDR_OK;
    if (!explain_certificate(ld, opening, error))
        sdr_error_set(error, "%s: the server's certificate cannot be read",
                      step_of(opening));
    return SDR_TEMPFAIL;
}

/* Connect and start TLS. Even if this fails, there may be a handle to free. *RC
 * is the result of the handshake; LDAP_SUCCESS if it was not reached. */
static enum sdr_status
connect_to(LDAP **ld, const struct opening *opening, int *rc,
           struct sdr_error *error)
{
    bool tls = is_encrypted(opening);
    enum sdr_status status = open_handle(ld, opening, error);

    *rc = LDAP_SUCCESS;
    if (status != SDR_OK)
        return status;
    if (!set_plain_options(*ld)) {
        sdr_error_set(error, "cannot set options");
        return SDR_TEMPFAIL;
    }
    if (tls && !set_tls_options(*ld, opening->directory, opening->verify)) {
        name_tls_files(opening->directory, opening->verify, step_of(opening),
                       error);
        return SDR_TEMPFAIL;
    }
    *rc = handshake(*ld, opening);
    if (*rc != LDAP_SUCCESS)
        sdr_ldap_error(*ld, step_of(opening), *rc, error);
    else if (!tls)
        return SDR_OK;
    else if (is_new_enough(*ld, opening->directory->tls_min_version, error))
        return opening->verify ? check_certificate(*ld, opening, error)
                               : SDR_OK;
    return SDR_TEMPFAIL;
}

/* Get the rejected certificate over a separate connection, which sends no
 * operation, and explain it. Leaves the error unchanged if nothing is found. */
static void
explain(const struct opening *refused, struct sdr_error *error)
{
    struct opening opening = *refused;
    struct sdr_error ignored;
    int64_t most = sdr_clock() + EXPLAIN_MS;
    LDAP *ld = NULL;
    int rc;

    opening.verify = false;
    if (opening.deadline > most)
        opening.deadline = most;
    if (connect_to(&ld, &opening, &rc, &ignored) == SDR_OK)
        (void)explain_certificate(ld, &opening, error);
    sdr_ldap_free(&ld);
}

bool
sdr_ldap_tls(LDAP *ld, char *version, size_t size)
{
    char *text = NULL;

    if (ldap_tls_inplace(ld) == 0)
        return false;
    ldap_get_option(ld, LDAP_OPT_X_TLS_VERSION, &text);
    snprintf(version, size, "%s", text != NULL ? text : "TLS");
    ldap_memfree(text);
    return true;
}

bool
sdr_ldap_expires(LDAP *ld, struct sdr_error *words)
{
    struct berval der;
    bool soon =
        get_certificate(ld, &der)
        && sdr_certificate_expires(der.bv_val, der.bv_len, time(NULL), words);

    ber_memfree(der.bv_val);
    return soon;
}

static enum sdr_status
connect_and_bind(LDAP **ld, const struct opening *opening,
                 struct sdr_error *error)
{
    int rc;
    enum sdr_status status = connect_to(ld, opening, &rc, error);

    if (status == SDR_OK)
        return sdr_bind(*ld, opening->directory, is_encrypted(opening),
                        opening->deadline, error);
    if (rc != LDAP_SUCCESS && opening->verify
        && sdr_clock() < opening->deadline)
        explain(opening, error);
    return status;
}

enum sdr_status
sdr_ldap_open(LDAP **ld, const struct sdr_directory_options *directory,
              const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct opening opening = {.directory = directory,
                              .verify = directory->tls_require_cert,
                              .deadline = deadline};
    struct sdr_sigpipe saved;
    enum sdr_status status;

    *ld = NULL;
    init_libraries();
    if (ldap_url_parse(uri, &opening.url) != LDAP_URL_SUCCESS) {
        sdr_error_set(error, "not an LDAP URI");
        return SDR_TEMPFAIL;
    }
    opening.ldaps = strcmp(opening.url->lud_scheme, "ldaps") == 0;
    sdr_sigpipe_block(&saved);
    status = connect_and_bind(ld, &opening, error);
    sdr_sigpipe_restore(&saved);
    ldap_free_urldesc(opening.url);
    if (status != SDR_OK)
        sdr_ldap_free(ld);
    return status;
}

void
sdr_ldap_free(LDAP **ld)
{
    if (*ld != NULL)
        ldap_unbind_ext(*ld, NULL, NULL);
    *ld = NULL;
}
