/* test_inet.c - addresses to listen at
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/inet.h"

#include <netdb.h>

#include "unit.h"

static const struct {
    const char *text;
    const char *address; /* NULL: an error */
    bool is_loopback;
} rows[] = {
    {"inet:8893", "127.0.0.1 8893", true},
    {"inet:127.0.0.1:1", "127.0.0.1 1", true},
    {"INET:127.255.255.255:65535", "127.255.255.255 65535", true},
    {"inet:0.0.0.0:8893", "0.0.0.0 8893", false},
    {"inet:192.0.2.1:8893", "192.0.2.1 8893", false},
    {"inet:128.0.0.1:8893", "128.0.0.1 8893", false},
    {"inet:[::1]:8893", "::1 8893", true},
    {"inet:[::]:8893", ":: 8893", false},
    {"inet:[2001:db8::1]:25", "2001:db8::1 25", false},
    {"", NULL, false},
    {"inet", NULL, false},
    {"inet:", NULL, false},
    {"inet::", NULL, false},
    {"inet::25", NULL, false},
    {"inet:0", NULL, false},
    {"inet:127.0.0.1", NULL, false},
    {"inet:127.0.0.1:", NULL, false},
    {"inet:127.0.0.1:0", NULL, false},
    {"inet:127.0.0.1:65536", NULL, false},
    {"inet:127.0.0.1:99999999999999999999", NULL, false},
    {"inet:127.0.0.1:-1", NULL, false},
    {"inet:127.0.0.1: 25", NULL, false},
    {"inet:127.0.0.1:smtp", NULL, false},
    {"inet:127.1:25", NULL, false},
    {"inet:localhost:25", NULL, false},
    {"inet:25@127.0.0.1", NULL, false},
    {"inet:::1:25", NULL, false},
    {"inet:[::1]", NULL, false},
    {"inet:[::1:25", NULL, false},
    {"inet:::1]:25", NULL, false},
    {"inet:[]:25", NULL, false},
    {"inet:[:25", NULL, false},
    {"inet:[127.0.0.1]:25", NULL, false},
    {"inet:[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:25",
     NULL, false},
    {"/run/sdr/milter.sock", NULL, false},
    {"unix:/run/sdr/milter.sock", NULL, false},
};

static void
test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char host[NI_MAXHOST], port[NI_MAXSERV], text[NI_MAXHOST + NI_MAXSERV];
        struct sdr_inet inet;
        bool ok = sdr_inet_parse(rows[i].text, &inet);

        if (ok != (rows[i].address != NULL))
            fail_msg("%s: %s", rows[i].text, ok ? "read" : "refused");
        if (!ok)
            continue;
        assert_int_equal(getnameinfo((const struct sockaddr *)&inet.address,
                                     inet.len, host, sizeof host, port,
                                     sizeof port,
                                     NI_NUMERICHOST | NI_NUMERICSERV),
                         0);
        snprintf(text, sizeof text, "%s %s", host, port);
        assert_string_equal(text, rows[i].address);
        assert_int_equal(inet.is_loopback, rows[i].is_loopback);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
