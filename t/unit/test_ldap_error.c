/* test_ldap_error.c - what servers say, in words; names of attributes in pieces
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include "ldap/range.h"
#include "ldap/error.h"

static void
known_messages_have_a_meaning(void **state)
{
    static const struct {
        int code;
        const char *message;
        const char *hint; /* a part of it; NULL: none */
    } rows[] = {
        {LDAP_INVALID_CREDENTIALS,
         "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext "
         "error, data 52e, v4563",
         "wrong password"},
        {LDAP_INVALID_CREDENTIALS, "... data 533, v1", "disabled"},
        {LDAP_INVALID_CREDENTIALS, "... data 773, v1", "must be changed"},
        {LDAP_INVALID_CREDENTIALS, "... data 775, v1", "locked"},
        {LDAP_INVALID_CREDENTIALS, "... data 5333, v1", NULL},
        {LDAP_INVALID_CREDENTIALS, "", NULL},
        {LDAP_BUSY, "... data 533, v1", NULL},
        {LDAP_STRONG_AUTH_REQUIRED,
         "BindSimple: Transport encryption required.", "start-tls = yes"},
        {LDAP_CONFIDENTIALITY_REQUIRED, "", "start-tls = yes"},
        {LDAP_STRONG_AUTH_REQUIRED, "SASL:[GSSAPI]: Sign or Seal are required.",
         "without start-tls"},
        {LDAP_UNWILLING_TO_PERFORM,
         "SASL:[GSSAPI]: Sign or Seal are not allowed if TLS is used",
         "without start-tls"},
        {LDAP_INVALID_CREDENTIALS, "... data 80090346, v4563", "certificate"},
        {LDAP_LOCAL_ERROR, "... (Server not found in Kerberos database)",
         "host name in uri"},
        {LDAP_INAPPROPRIATE_AUTH, "", "this kind of bind"},
        {LDAP_OPERATIONS_ERROR,
         "00002020: Operation unavailable without authentication", "set bind"},
        {LDAP_OPERATIONS_ERROR,
         "000004DC: LdapErr: DSID-0C0909AF, comment: In order to perform this "
         "operation a successful bind must be completed on the connection.",
         "set bind"},
        {LDAP_OPERATIONS_ERROR, "", NULL},
        {LDAP_UNAVAILABLE, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *hint = sdr_ldap_error_hint(rows[i].code, rows[i].message);

        unit_row(rows[i].hint == NULL
                     ? hint == NULL
                     : hint != NULL && strstr(hint, rows[i].hint) != NULL,
                 "%d %s: %s", rows[i].code, rows[i].message,
                 hint != NULL ? hint : "nothing");
    }
    unit_end();
}

static void
a_piece_says_what_it_holds(void **state)
{
    static const struct {
        const char *name;
        enum sdr_status status;
        unsigned long first, next; /* next is 0 for the last piece */
    } rows[] = {
        {"proxyAddresses;range=0-1499", SDR_OK, 0, 1500},
        {"proxyAddresses;Range=1500-2999", SDR_OK, 1500, 3000},
        {"proxyAddresses;binary;range=0-9", SDR_OK, 0, 10},
        {"proxyAddresses;range=0-9;x-other", SDR_OK, 0, 10},
        {"proxyAddresses;range=7-7", SDR_OK, 7, 8},
        {"proxyAddresses;range=3000-*", SDR_OK, 3000, 0},
        {"proxyAddresses;range=0-4294967294", SDR_OK, 0, 4294967295},
        {"proxyAddresses", SDR_NOTFOUND, 0, 0},
        {"proxyAddresses;lang-de", SDR_NOTFOUND, 0, 0},
        {"range=0-9", SDR_NOTFOUND, 0, 0},
        {"proxyAddresses;range=", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=-9", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=*-9", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-x", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-9x", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-*x", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0--9", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=10-9", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-4294967295", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=0-99999999999999999999", SDR_INVALID, 0, 0},
        {"proxyAddresses;range=99999999999-*", SDR_INVALID, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_range range = {0, 0, false};
        enum sdr_status status = sdr_range_parse(rows[i].name, &range);

        unit_row(status == rows[i].status
                     && (status != SDR_OK
                         || (range.first == rows[i].first
                             && range.more == (rows[i].next != 0)
                             && (!range.more || range.next == rows[i].next))),
                 "%s: %s, %lu to %lu", rows[i].name, sdr_status_name(status),
                 range.first, range.next);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_messages_have_a_meaning),
        cmocka_unit_test(a_piece_says_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
