/* handle.c - see handle.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "handle.h"

#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "bind.h"
#include "certificate.h"
#include "clock.h"
#include "dial.h"
#include "resolve.h"
#include "sigpipe.h"
#include "tell.h"
#include "wire.h"

/* To find out why a certificate was refused takes a second handshake. */
enum { EXPLAIN_MS = 2000 };

/* ---- once in a process ---- */

/* libldap asks for this host's full name when it sets itself up, and would wait
 * for name servers that do not answer as long as they like. What /etc/hosts
 * says will do: it is only compared with a certificate for "localhost". */
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

    sdr_wire_deadline(ld, deadline);
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

/* NEWCTX last: without it the global context of ldap.conf is used and all the
 * rest silently ignored. */
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

/* ---- opening ---- */

/* What a handle is opened with. */
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

/* Of an ldapi:// that names none: OpenLDAP's, on Debian. */
static const char *
path_of(const struct opening *opening)
{
    const char *path = opening->url->lud_host;

    return path == NULL || path[0] == '\0' ? "/var/run/slapd/ldapi" : path;
}

/* A handle over our own socket. It learns the host's name, for the certificate,
 * yet nothing of ldaps: TLS comes afterwards. */
static enum sdr_status
open_handle(LDAP **ld, const struct opening *opening, struct sdr_error *error)
{
    bool local = strcmp(opening->url->lud_scheme, "ldapi") == 0;
    LDAPURLDesc plain = *opening->url;
    char scheme[] = "ldap";
    char *uri;
    int fd = -1;
    enum sdr_status status =
        local ? sdr_dial_unix(path_of(opening), opening->deadline, &fd, error)
              : sdr_dial(host_of(opening), (uint16_t)opening->url->lud_port,
                         opening->deadline, &fd, error);

    if (status != SDR_OK)
        return status;
    if (!local)
        plain.lud_scheme = scheme;
    uri = ldap_url_desc2str(&plain);
    status = sdr_wire_open(ld, fd, uri, opening->deadline, error);
    ldap_memfree(uri);
    return status;
}

static int
handshake(LDAP *ld, const struct opening *opening)
{
    if (!sdr_handle_deadline(ld, opening->deadline))
        return LDAP_LOCAL_ERROR;
    if (opening->ldaps)
        return ldap_install_tls(ld);
    if (opening->directory->start_tls)
        return ldap_start_tls_s(ld, NULL, NULL);
    return LDAP_SUCCESS;
}

/* libldap with GnuTLS does not heed LDAP_OPT_X_TLS_PROTOCOL_MIN. */
static bool
is_new_enough(LDAP *ld, enum sdr_tls_version oldest, struct sdr_error *error)
{
    char version[16];
    const char *minor = sdr_handle_tls(ld, version, sizeof version)
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

/* Connected and encrypted. With an error the handle may be there as well, to be
 * freed, and *rc is that of the handshake if it came so far. */
static enum sdr_status
connect_to(LDAP **ld, const struct opening *opening, int *rc,
           struct sdr_error *error)
{
    bool tls = is_encrypted(opening);
    enum sdr_status status = open_handle(ld, opening, error);

    *rc = LDAP_SUCCESS;
    if (status != SDR_OK)
        return status;
    if (!set_plain_options(*ld)
        || (tls
            && !set_tls_options(*ld, opening->directory, opening->verify))) {
        sdr_error_set(error, "cannot set options%s",
                      tls ? ", among them the files for TLS" : "");
        return SDR_TEMPFAIL;
    }
    *rc = handshake(*ld, opening);
    if (*rc == LDAP_SUCCESS)
        return !tls
                       || is_new_enough(
                           *ld, opening->directory->tls_min_version, error)
                   ? SDR_OK
                   : SDR_TEMPFAIL;
    sdr_tell(*ld, opening->ldaps ? "TLS" : "StartTLS", *rc, error);
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

bool
sdr_handle_tls(LDAP *ld, char *version, size_t size)
{
    char *text = NULL;

    if (ldap_tls_inplace(ld) == 0)
        return false;
    ldap_get_option(ld, LDAP_OPT_X_TLS_VERSION, &text);
    snprintf(version, size, "%s", text != NULL ? text : "TLS");
    ldap_memfree(text);
    return true;
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
sdr_handle_open(LDAP **ld, const struct sdr_directory_options *directory,
                const char *uri, int64_t deadline, struct sdr_error *error)
{
    struct opening opening = {.directory = directory,
                              .verify = directory->tls_require_cert,
                              .deadline = deadline};
    struct sdr_sigpipe saved;
    enum sdr_status status;

    *ld = NULL;
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
