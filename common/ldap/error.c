/* error.c - see error.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/error.h"

#include <string.h>

/* Active Directory gives the reason for refusing a bind as a Windows error
 * number only: "80090308: LdapErr: DSID-0C09041C, comment:
 * AcceptSecurityContext error, data 52e, v4563". It reports an unknown account
 * like a wrong password. */
static const struct {
    const char *data, *meaning;
} windows_errors[] = {
    {"data 525,", "no such account"},
    {"data 52e,", "wrong password, or no such account"},
    {"data 52f,", "the account is restricted"},
    {"data 530,", "the account may not log on at this time"},
    {"data 531,", "the account may not log on from this machine"},
    {"data 532,", "the password has expired"},
    {"data 533,", "the account is disabled"},
    {"data 701,", "the account has expired"},
    {"data 773,", "the password must be changed first"},
    {"data 775,", "the account is locked"},
    {"data 80090346,", "the bind does not match the server's certificate: does "
                       "a proxy in between terminate TLS?"},
};

const char *
sdr_ldap_error_hint(int code, const char *message)
{
    for (size_t i = 0; i < sizeof windows_errors / sizeof windows_errors[0];
         i++) {
        if (code == LDAP_INVALID_CREDENTIALS
            && strstr(message, windows_errors[i].data) != NULL)
            return windows_errors[i].meaning;
    }
    /* Samba: "Sign or Seal are required.", "... not allowed if TLS is used" */
    if (strstr(message, "Sign or Seal are") != NULL)
        return "the server does not accept Kerberos over TLS: use ldap:// "
               "without start-tls; Kerberos encrypts";
    if (strstr(message, "Server not found in Kerberos database") != NULL)
        return "the Kerberos realm has no LDAP server with the host name in "
               "uri";
    if (code == LDAP_STRONG_AUTH_REQUIRED
        || code == LDAP_CONFIDENTIALITY_REQUIRED)
        return "the server requires encryption: use ldaps://, or start-tls = "
               "yes";
    if (code == LDAP_INAPPROPRIATE_AUTH)
        return "the server does not accept this kind of bind from this account";
    /* Samba: "Operation unavailable without authentication"; Windows: "In order
     * to perform this operation a successful bind must be completed" */
    if (code == LDAP_OPERATIONS_ERROR
        && (strstr(message, "without authentication") != NULL
            || strstr(message, "a successful bind must be completed") != NULL))
        return "the server requires authentication: set bind";
    return NULL;
}

void
sdr_ldap_error(LDAP *ld, const char *step, int code, struct sdr_error *error)
{
    char *message = NULL;
    const char *hint;

    ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &message);
    hint = sdr_ldap_error_hint(code, message == NULL ? "" : message);
    sdr_error_set(error, "%s: %s%s%s%s%s%s", step, ldap_err2string(code),
                  hint != NULL ? ": " : "", hint != NULL ? hint : "",
                  message != NULL && message[0] != '\0' ? " (" : "",
                  message != NULL ? message : "",
                  message != NULL && message[0] != '\0' ? ")" : "");
    ldap_memfree(message);
}
