/* test_netstring.c - netstrings, whole, in parts and broken
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "netstring.h"

#include <sys/socket.h>

#include "unit.h"

/* A reader, and the peer that it reads from. */
struct pair {
    struct netstring_reader reader;
    int peer;
};

static void
open_pair(struct pair *pair)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *pair = (struct pair){.reader = {.fd = fds[0]}, .peer = fds[1]};
}

static void
close_pair(struct pair *pair)
{
    close(pair->reader.fd);
    close(pair->peer);
}

static void
say_octets(const struct pair *pair, const char *octets, size_t len)
{
    assert_int_equal(write(pair->peer, octets, len), (ssize_t)len);
}

static enum netstring_status
read_one(struct pair *pair, char **text, size_t *len)
{
    enum netstring_status status = netstring_take(&pair->reader, text, len);

    while (status == NETSTRING_PART) {
        status = netstring_receive(&pair->reader);
        if (status != NETSTRING_OK)
            return status;
        status = netstring_take(&pair->reader, text, len);
    }
    return status;
}

static const struct {
    const char *said;
    enum netstring_status status;
    const char *text;
} rows[] = {
    {"0:,", NETSTRING_OK, ""},
    {"5:hello,", NETSTRING_OK, "hello"},
    {"3:a,b,", NETSTRING_OK, "a,b"},
    {"3:1:,,", NETSTRING_OK, "1:,"},
    {"", NETSTRING_END, NULL},
    {"5", NETSTRING_CUT, NULL},
    {"5:", NETSTRING_CUT, NULL},
    {"5:hello", NETSTRING_CUT, NULL},
    {"4096:", NETSTRING_CUT, NULL},
    {":,", NETSTRING_BAD, NULL},
    {"5:hello.", NETSTRING_BAD, NULL},
    {"4:hello,", NETSTRING_BAD, NULL},
    {"05:hello,", NETSTRING_BAD, NULL},
    {"-1:,", NETSTRING_BAD, NULL},
    {"+1:a,", NETSTRING_BAD, NULL},
    {" 1:a,", NETSTRING_BAD, NULL},
    {"1 :a,", NETSTRING_BAD, NULL},
    {"0x1:a,", NETSTRING_BAD, NULL},
    {"hello", NETSTRING_BAD, NULL},
    {"4097:", NETSTRING_BAD, NULL},
    {"99999999999999999999999999", NETSTRING_BAD, NULL},
    {"18446744073709551617:a,", NETSTRING_BAD, NULL},
};

static void
one_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct pair pair;
        char *text = NULL;
        size_t len = 0;
        enum netstring_status status;

        open_pair(&pair);
        say_octets(&pair, rows[i].said, strlen(rows[i].said));
        shutdown(pair.peer, SHUT_WR);
        status = read_one(&pair, &text, &len);
        unit_row(status == rows[i].status, "%s: %d", rows[i].said, (int)status);
        if (status == NETSTRING_OK)
            unit_row(len == strlen(rows[i].text)
                         && strcmp(text, rows[i].text) == 0,
                     "%s: %s", rows[i].said, text);
        close_pair(&pair);
    }
    unit_end();
}

static void
several_that_come_at_once_are_read_in_order(void **state)
{
    static const char said[] = "1:a,2:bc,0:,3:d";
    struct pair pair;
    char *text;
    size_t len;

    (void)state;
    open_pair(&pair);
    say_octets(&pair, said, sizeof said - 1);
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
    assert_string_equal(text, "a");
    assert_true(netstring_waiting(&pair.reader));
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
    assert_string_equal(text, "bc");
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
    assert_string_equal(text, "");
    say_octets(&pair, "ef,", 3);
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
    assert_string_equal(text, "def");
    assert_false(netstring_waiting(&pair.reader));
    close_pair(&pair);
}

static void
the_longest_is_read_and_a_nul_is_content(void **state)
{
    static char body[NETSTRING_MAX], octets[NETSTRING_FRAME + NETSTRING_MAX];
    struct pair pair;
    char *text;
    size_t len;

    (void)state;
    memset(body, 'x', sizeof body);
    body[7] = '\0';
    open_pair(&pair);
    for (int i = 0; i < 3; i++) {
        say_octets(&pair, octets, netstring_format(octets, body, sizeof body));
        assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
        assert_int_equal(len, sizeof body);
        assert_memory_equal(text, body, sizeof body);
    }
    close_pair(&pair);
}

static void
the_rest_of_one_may_come_later(void **state)
{
    static const char said[] = "5:hello,";
    struct pair pair;
    char *text;
    size_t len;

    (void)state;
    open_pair(&pair);
    for (size_t i = 0; i + 1 < sizeof said - 1; i++) {
        say_octets(&pair, said + i, 1);
        assert_int_equal(read_one(&pair, &text, &len), NETSTRING_PART);
        assert_true(netstring_waiting(&pair.reader));
    }
    say_octets(&pair, ",", 1);
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(read_one(&pair, &text, &len), NETSTRING_PART);
    assert_false(netstring_waiting(&pair.reader));
    close_pair(&pair);
}

static void
one_is_written(void **state)
{
    char octets[NETSTRING_FRAME + 5];

    (void)state;
    assert_int_equal(netstring_format(octets, "hello", 5), 8);
    assert_memory_equal(octets, "5:hello,", 8);
    assert_int_equal(netstring_format(octets, "", 0), 3);
    assert_memory_equal(octets, "0:,", 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_read_or_refused),
        cmocka_unit_test(several_that_come_at_once_are_read_in_order),
        cmocka_unit_test(the_longest_is_read_and_a_nul_is_content),
        cmocka_unit_test(the_rest_of_one_may_come_later),
        cmocka_unit_test(one_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
