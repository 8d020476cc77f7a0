/* certificate.c - see certificate.h
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Only the server's own certificate is at hand, not the chain that it may have
 * sent. So the issuer is named as the reason if there is no other.
 */
#include "certificate.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { NAMES_SIZE = 256 };

/* Append to TEXT of SIZE octets as much as fits. */
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
tell_time(char *text, size_t size, time_t when)
{
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL
        || strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        snprintf(text, size, "?");
}

/* The name number I of the certificate, quoted; false if there are no more. */
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

/* The names that count (RFC 6125, 6.4.4): the common name only without others.
 */
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

/* True if the issuer's certificate is not in CA_FILE. */
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

static void
explain(gnutls_x509_crt_t certificate, const char *ca_file, const char *host,
        time_t now, char *text, size_t size)
{
    time_t from = gnutls_x509_crt_get_activation_time(certificate);
    time_t until = gnutls_x509_crt_get_expiration_time(certificate);
    char names[NAMES_SIZE], when[64], issuer[NAMES_SIZE] = "?";
    size_t len = sizeof issuer;

    if (!gnutls_x509_crt_check_hostname(certificate, host)) {
        list_names(certificate, names);
        append(text, size, "is for %s, not for \"%s\"", names, host);
    }
    if (now > until) {
        tell_time(when, sizeof when, until);
        append(text, size, "%sexpired on %s", text[0] == '\0' ? "" : ", and ",
               when);
    }
    if (now < from) {
        tell_time(when, sizeof when, from);
        append(text, size, "%sis not valid before %s",
               text[0] == '\0' ? "" : ", and ", when);
    }
    if (gnutls_x509_crt_get_issuer_dn(certificate, issuer, &len) < 0)
        snprintf(issuer, sizeof issuer, "?");
    if (text[0] != '\0')
        append(text, size, " (issued by \"%s\")", issuer);
    else if (is_stranger(certificate, ca_file))
        append(text, size,
               "was issued by \"%s\", which tls-ca-file %s does not vouch for",
               issuer, ca_file);
}

bool
sdr_certificate_explain(const void *der, size_t len, const char *ca_file,
                        const char *host, time_t now, struct sdr_error *words)
{
    const gnutls_datum_t data = {.data = (unsigned char *)(uintptr_t)der,
                                 .size = (unsigned)len};
    gnutls_x509_crt_t certificate;
    char text[sizeof words->text] = "";

    if (gnutls_x509_crt_init(&certificate) < 0)
        return false;
    if (gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_DER) == 0)
        explain(certificate, ca_file, host, now, text, sizeof text);
    gnutls_x509_crt_deinit(certificate);
    if (text[0] == '\0')
        return false;
    sdr_error_set(words, "the server's certificate %s", text);
    return true;
}
