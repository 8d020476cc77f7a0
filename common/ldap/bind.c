/* bind.c - see bind.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/bind.h"

#include <string.h>

#include <sasl/sasl.h>

#include "net/clock.h"
#include "ldap/gssapi.h"
#include "ldap/error.h"

/* Returns the status of a bind that failed. With TLS 1.3 a server that rejects
 * the client's certificate closes the connection after the handshake, without a
 * message. */
static enum sdr_status
fail(LDAP *ld, int code, struct sdr_error *error)
{
    sdr_ldap_error(ld, "bind", code, error);
    if (code == LDAP_SERVER_DOWN && ldap_tls_inplace(ld) != 0)
        sdr_error_set(error,
                      "bind: the server closed the connection: does it require "
                      "another client certificate (tls-cert-file)?");
    return code == LDAP_INVALID_CREDENTIALS ? SDR_CONFIG : SDR_TEMPFAIL;
}

/* Wait for the result of the bind operation. */
static enum sdr_status
await(LDAP *ld, int id, int64_t deadline, struct sdr_error *error)
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
    return code == LDAP_SUCCESS ? SDR_OK : fail(ld, code, error);
}

/* Bind in one step: with a password, or by EXTERNAL. */
static enum sdr_status
bind_once(LDAP *ld, const char *dn, const char *mechanism,
          struct berval *credentials, int64_t deadline, struct sdr_error *error)
{
    int id = 0;
    int rc = ldap_sasl_bind(ld, dn, mechanism, credentials, NULL, NULL, &id);

    return rc == LDAP_SUCCESS ? await(ld, id, deadline, error)
                              : fail(ld, rc, error);
}

static enum sdr_status
bind_simple(LDAP *ld, const struct sdr_directory_options *directory,
            int64_t deadline, struct sdr_error *error)
{
    struct berval password = {.bv_val = directory->password,
                              .bv_len = strlen(directory->password)};

    return bind_once(ld, directory->bind_dn, LDAP_SASL_SIMPLE, &password,
                     deadline, error);
}

static enum sdr_status
bind_external(LDAP *ld, int64_t deadline, struct sdr_error *error)
{
    char nobody[] = "";
    struct berval identity = {.bv_val = nobody, .bv_len = 0};

    return bind_once(ld, NULL, "EXTERNAL", &identity, deadline, error);
}

/* ---- Kerberos ---- */

/* Answer SASL's request for a user name, which may stay empty. The CREDENTIALS
 * are set here because the SASL context exists now, and has not used any yet.
 */
static int
answer(LDAP *ld, unsigned flags, void *credentials, void *questions)
{
    (void)flags;
    for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
        q->result = q->defresult != NULL ? q->defresult : "";
        q->len = (unsigned)strlen(q->result);
    }
    return ldap_set_option(ld, LDAP_OPT_X_SASL_GSS_CREDS, credentials)
                   == LDAP_OPT_SUCCESS
               ? LDAP_SUCCESS
               : LDAP_LOCAL_ERROR;
}

/* Without TLS Kerberos encrypts. Under TLS it must not, and is bound to the
 * server's certificate instead. Active Directory requires one or the other. */
static bool
set_sasl_options(LDAP *ld, bool encrypted)
{
    int binding = encrypted ? LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT
                            : LDAP_OPT_X_SASL_CBINDING_NONE;
    const char *properties = encrypted ? "maxssf=0" : "minssf=56";

    return ldap_set_option(ld, LDAP_OPT_X_SASL_SECPROPS, properties)
               == LDAP_OPT_SUCCESS
           && ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON)
                  == LDAP_OPT_SUCCESS
           && ldap_set_option(ld, LDAP_OPT_X_SASL_CBINDING, &binding)
                  == LDAP_OPT_SUCCESS;
}

/* Run the steps of the mechanism, each within the deadline. Returns the LDAP
 * result code of the last one. */
static int
negotiate(LDAP *ld, gss_cred_id_t credentials, int64_t deadline)
{
    const char *mechanism = NULL;
    LDAPMessage *result = NULL;
    int id = 0;
    int rc;

    do {
        struct timeval left;

        rc = ldap_sasl_interactive_bind(ld, NULL, "GSSAPI", NULL, NULL,
                                        LDAP_SASL_QUIET, answer, credentials,
                                        result, &mechanism, &id);
        ldap_msgfree(result);
        result = NULL;
        if (rc != LDAP_SASL_BIND_IN_PROGRESS)
            return rc;
        left = sdr_clock_left(deadline);
        rc = ldap_result(ld, id, LDAP_MSG_ALL, &left, &result);
    } while (rc > 0);
    ldap_msgfree(result);
    return rc == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
}

static enum sdr_status
bind_gssapi(LDAP *ld, const struct sdr_directory_options *directory,
            bool encrypted, int64_t deadline, struct sdr_error *error)
{
    gss_cred_id_t credentials;
    enum sdr_status status = sdr_gssapi_acquire(directory, &credentials, error);
    int code;

    if (status != SDR_OK) {
        sdr_error_prefix(error, "bind");
        return status;
    }
    code = set_sasl_options(ld, encrypted)
               ? negotiate(ld, credentials, deadline)
               : LDAP_LOCAL_ERROR;
    if (code != LDAP_SUCCESS)
        status = fail(ld, code, error);
    sdr_gssapi_release(&credentials);
    return status;
}

enum sdr_status
sdr_bind(LDAP *ld, const struct sdr_directory_options *directory,
         bool encrypted, int64_t deadline, struct sdr_error *error)
{
    switch (directory->bind) {
    case SDR_BIND_NONE:
        return SDR_OK;
    case SDR_BIND_SIMPLE:
        return bind_simple(ld, directory, deadline, error);
    case SDR_BIND_EXTERNAL:
        return bind_external(ld, deadline, error);
    case SDR_BIND_GSSAPI:
        return bind_gssapi(ld, directory, encrypted, deadline, error);
    }
    return SDR_CONFIG;
}
