/* certificate.c - see certificate.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Only the server's own certificate is available, not the chain that it may
 * have sent. So the issuer is given as the reason only if there is no other.
 */
#include "ldap/certificate.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { NAMES_SIZE = 256, DAY_SECONDS = 24 * 60 * 60 };

/* At least RSA 2048; GnuTLS's own default accepts 1024 bits. */
static const gnutls_sec_param_t strength = GNUTLS_SEC_PARAM_MEDIUM;

/* Append to TEXT of SIZE octets; text that does not fit is dropped. */
SDR_PRINTF(3, 4)
static void
append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static void
explain_time(char *text, size_t size, time_t when)
{
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL
        || strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        snprintf(text, size, "?");
}

/* Append subject alternative name I of the certificate. Returns false if there
 * are no more. */
static bool
append_name(gnutls_x509_crt_t certificate, unsigned i, char *names)
{
    char name[NAMES_SIZE], address[INET6_ADDRSTRLEN];
    size_t len = sizeof name - 1;
    int type =
        gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len, NULL);
    int family = len == 4 ? AF_INET : AF_INET6;

    if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER)
        return false;
    name[type < 0 ? 0 : len] = '\0';
    if (type == GNUTLS_SAN_DNSNAME)
        append(names, NAMES_SIZE, "%s\"%s\"", names[0] == '\0' ? "" : ", ",
               name);
    else if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)
             && inet_ntop(family, name, address, sizeof address) != NULL)
        append(names, NAMES_SIZE, "%s%s", names[0] == '\0' ? "" : ", ",
               address);
    return true;
}

/* List the names that clients compare (RFC 6125, 6.4.4): the common name only
 * if there are no others. */
static void
list_names(gnutls_x509_crt_t certificate, char *names)
{
    char common[NAMES_SIZE];
    size_t len = sizeof common;

    names[0] = '\0';
    for (unsigned i = 0; append_name(certificate, i, names); i++)
        continue;
    if (names[0] != '\0')
        return;
    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME,
                                      0, 0, common, &len)
        == 0)
        snprintf(names, NAMES_SIZE, "\"%.*s\"", NAMES_SIZE - 3, common);
    else
        snprintf(names, NAMES_SIZE, "nobody");
}

/* Returns true if the issuer's certificate is not in CA_FILE. */
static bool
is_stranger(gnutls_x509_crt_t certificate, const char *ca_file)
{
    gnutls_x509_trust_list_t trusted;
    unsigned flaws = GNUTLS_CERT_SIGNER_NOT_FOUND;

    if (gnutls_x509_trust_list_init(&trusted, 0) < 0)
        return false;
    if (gnutls_x509_trust_list_add_trust_file(trusted, ca_file, NULL,
                                              GNUTLS_X509_FMT_PEM, 0, 0)
        > 0)
        gnutls_x509_trust_list_verify_crt2(trusted, &certificate, 1, NULL, 0, 0,
                                           &flaws, NULL);
    gnutls_x509_trust_list_deinit(trusted, 1);
    return (flaws & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0;
}

/* ---- possible faults: each function appends to TEXT ---- */

static const char *
joint(const char *text)
{
    return text[0] == '\0' ? "" : ", and ";
}

static void
explain_name(gnutls_x509_crt_t certificate, const char *host, char *text,
             size_t size)
{
    char names[NAMES_SIZE];

    if (gnutls_x509_crt_check_hostname(certificate, host))
        return;
    list_names(certificate, names);
    append(text, size, "is for %s, not for \"%s\"", names, host);
}

static void
explain_dates(gnutls_x509_crt_t certificate, time_t now, char *text,
              size_t size)
{
    time_t from = gnutls_x509_crt_get_activation_time(certificate);
    time_t until = gnutls_x509_crt_get_expiration_time(certificate);
    char when[64];

    if (now > until) {
        explain_time(when, sizeof when, until);
        append(text, size, "%sexpired on %s", joint(text), when);
    }
    if (now < from) {
        explain_time(when, sizeof when, from);
        append(text, size, "%sis not valid before %s", joint(text), when);
    }
}

/* Without the extension a certificate is valid for every purpose (RFC 5280,
 * 4.2.1.12). */
static void
explain_purpose(gnutls_x509_crt_t certificate, char *text, size_t size)
{
    if (gnutls_x509_crt_check_key_purpose(certificate, GNUTLS_KP_TLS_WWW_SERVER,
                                          0)
        == 0)
        append(text, size, "%sis not for servers", joint(text));
}

static void
explain_strength(gnutls_x509_crt_t certificate, char *text, size_t size)
{
    unsigned bits = 0;
    int kind = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
    int signature = gnutls_x509_crt_get_signature_algorithm(certificate);

    if (kind >= 0
        && gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)kind, bits)
               < strength)
        append(text, size, "%shas a key of %u bits (%s), which is too weak",
               joint(text), bits,
               gnutls_pk_get_name((gnutls_pk_algorithm_t)kind));
    if (signature >= 0
        && gnutls_sign_is_secure2((gnutls_sign_algorithm_t)signature,
                                  GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS)
               == 0)
        append(text, size, "%sis signed by %s, which is too weak", joint(text),
               gnutls_sign_get_name((gnutls_sign_algorithm_t)signature));
}

static void
explain(gnutls_x509_crt_t certificate, const char *ca_file, const char *host,
        time_t now, char *text, size_t size)
{
    char issuer[NAMES_SIZE] = "?";
    size_t len = sizeof issuer;

    explain_name(certificate, host, text, size);
    explain_dates(certificate, now, text, size);
    explain_purpose(certificate, text, size);
    explain_strength(certificate, text, size);
    if (gnutls_x509_crt_get_issuer_dn(certificate, issuer, &len) < 0)
        snprintf(issuer, sizeof issuer, "?");
    if (text[0] != '\0')
        append(text, size, " (issued by \"%s\")", issuer);
    else if (is_stranger(certificate, ca_file))
        append(text, size,
               "was issued by \"%s\", which tls-ca-file %s does not trust",
               issuer, ca_file);
}

/* Returns the parsed certificate, to be deinitialised by the caller; NULL if
 * DER is not a certificate, or without memory. */
static gnutls_x509_crt_t
parse(const void *der, size_t len)
{
    const gnutls_datum_t data = {.data = (unsigned char *)(uintptr_t)der,
                                 .size = (unsigned)len};
    gnutls_x509_crt_t certificate;

    if (gnutls_x509_crt_init(&certificate) < 0)
        return NULL;
    if (gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_DER) == 0)
        return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

bool
sdr_certificate_explain(const void *der, size_t len, const char *ca_file,
                        const char *host, time_t now, struct sdr_error *words)
{
    gnutls_x509_crt_t certificate = parse(der, len);
    char text[sizeof words->text] = "";

    if (certificate == NULL)
        return false;
    explain(certificate, ca_file, host, now, text, sizeof text);
    gnutls_x509_crt_deinit(certificate);
    if (text[0] == '\0')
        return false;
    sdr_error_set(words, "the server's certificate %s", text);
    return true;
}

bool
sdr_certificate_is_fit(const void *der, size_t len)
{
    gnutls_x509_crt_t certificate = parse(der, len);
    char flaws[NAMES_SIZE] = "";

    if (certificate == NULL)
        return false;
    explain_purpose(certificate, flaws, sizeof flaws);
    explain_strength(certificate, flaws, sizeof flaws);
    gnutls_x509_crt_deinit(certificate);
    return flaws[0] == '\0';
}

bool
sdr_certificate_expires(const void *der, size_t len, time_t now,
                        struct sdr_error *words)
{
    gnutls_x509_crt_t certificate = parse(der, len);
    char when[64];
    time_t until;

    if (certificate == NULL)
        return false;
    until = gnutls_x509_crt_get_expiration_time(certificate);
    gnutls_x509_crt_deinit(certificate);
    if (until > now + SDR_CERTIFICATE_DAYS * DAY_SECONDS)
        return false;
    explain_time(when, sizeof when, until);
    sdr_error_set(words, "expires on %s", when);
    return true;
}
