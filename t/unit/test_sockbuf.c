/* test_sockbuf.c - LDAP messages that arrive together, in part, or not at all
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ldap/sockbuf.h"
#include "net/clock.h"

enum { LONG_VALUE = 40000, MESSAGE_SIZE = LONG_VALUE + 100, PATIENCE = 60 };

/* A handle, and the server's end of its socket. */
struct peers {
    LDAP *ld;
    int server;
};

/* What the server sends. */
struct sent {
    unsigned char octets[3 * MESSAGE_SIZE];
    size_t len;
};

static void
open_peers(struct peers *peers, int64_t deadline)
{
    struct sdr_error error = {""};
    int version = LDAP_VERSION3;
    int fds[2];

    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
    peers->server = fds[1];
    if (sdr_sockbuf_open(&peers->ld, fds[0], "ldap://server.test", deadline,
                         &error)
        != SDR_OK)
        fail_msg("%s", error.text);
    assert_int_equal(
        ldap_set_option(peers->ld, LDAP_OPT_PROTOCOL_VERSION, &version),
        LDAP_OPT_SUCCESS);
}

static void
close_peers(struct peers *peers)
{
    ldap_unbind_ext(peers->ld, NULL, NULL);
    close(peers->server);
}

/* Send a search request. The message id of the first is 1. */
static int
ask(struct peers *peers)
{
    int id = 0;

    assert_int_equal(ldap_search_ext(peers->ld, "", LDAP_SCOPE_BASE, NULL, NULL,
                                     0, NULL, NULL, NULL, 0, &id),
                     LDAP_SUCCESS);
    return id;
}

static void
put(struct sent *sent, const void *octets, size_t len)
{
    assert_true(sent->len + len <= sizeof sent->octets);
    memcpy(sent->octets + sent->len, octets, len);
    sent->len += len;
}

/* The end of a search: success. */
static void
put_done(struct sent *sent, int id)
{
    const unsigned char message[] = {
        0x30, 12, 2, 1, (unsigned char)id, 0x65, 7, 10, 1, 0, 4, 0, 4, 0};

    put(sent, message, sizeof message);
}

/* An entry that is longer than what one call reads: its DN has LONG_VALUE
 * octets. */
static void
put_long_entry(struct sent *sent, int id)
{
    static char dn[LONG_VALUE + 1] = "cn=";
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    struct berval octets;

    memset(dn + 3, 'x', LONG_VALUE - 3);
    assert_true(
        ber_printf(ber, "{it{s{}}}", id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY, dn)
        >= 0);
    assert_int_equal(ber_flatten2(ber, &octets, 0), 0);
    put(sent, octets.bv_val, octets.bv_len);
    ber_free(ber, 1);
}

static void
send_all(const struct peers *peers, const struct sent *sent, size_t step)
{
    for (size_t at = 0; at < sent->len; at += step) {
        size_t len = sent->len - at < step ? sent->len - at : step;

        assert_int_equal(write(peers->server, sent->octets + at, len), len);
    }
}

/* Receive a message within SECONDS. Returns its type, or what ldap_result()
 * returns without one; *ID is its message id. */
static int
receive(struct peers *peers, int seconds, int *id)
{
    struct timeval wait = {.tv_sec = seconds};
    LDAPMessage *message = NULL;
    int type =
        ldap_result(peers->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &wait, &message);

    *id = type > 0 ? ldap_msgid(message) : 0;
    ldap_msgfree(message);
    return type;
}

static void
expect_done(struct peers *peers, int seconds, int expected)
{
    int id;

    assert_int_equal(receive(peers, seconds, &id), LDAP_RES_SEARCH_RESULT);
    assert_int_equal(id, expected);
}

static bool
socket_is_empty(struct peers *peers)
{
    int fd = -1;
    char octet;

    ldap_get_option(peers->ld, LDAP_OPT_DESC, &fd);
    return recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* Nothing waits for a socket that has nothing left. */
static void
test_messages_that_arrive_together_are_read_at_once(void **state)
{
    struct peers peers;
    static struct sent sent;
    int first, second, id;

    (void)state;
    open_peers(&peers, sdr_clock() + PATIENCE * 1000);
    first = ask(&peers);
    second = ask(&peers);
    sent.len = 0;
    put_done(&sent, first);
    put_done(&sent, second);
    send_all(&peers, &sent, sent.len);
    expect_done(&peers, PATIENCE, first);
    assert_true(socket_is_empty(&peers));
    expect_done(&peers, 0, second);
    assert_int_equal(receive(&peers, 0, &id), 0);
    close_peers(&peers);
}

struct writer {
    const struct peers *peers;
    const struct sent *sent;
    size_t step;
};

static void *
write_in_steps(void *arg)
{
    const struct writer *writer = arg;

    for (size_t at = 0; at < writer->sent->len;) {
        size_t rest = writer->sent->len - at;
        ssize_t n = write(writer->peers->server, writer->sent->octets + at,
                          rest < writer->step ? rest : writer->step);

        at += n > 0 ? (size_t)n : 0;
    }
    return NULL;
}

static void
test_messages_of_any_size_arrive_in_pieces_of_any_size(void **state)
{
    static const size_t steps[] = {1, 2, 7, 13, 1000, 16384, 16385, 200000};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        static struct sent sent;
        struct peers peers;
        struct writer writer = {&peers, &sent, steps[i]};
        pthread_t thread;
        int id, search;

        open_peers(&peers, sdr_clock() + PATIENCE * 1000);
        search = ask(&peers);
        sent.len = 0;
        put_long_entry(&sent, search);
        put_long_entry(&sent, search);
        put_done(&sent, search);
        assert_int_equal(pthread_create(&thread, NULL, write_in_steps, &writer),
                         0);
        for (int n = 0; n < 2; n++)
            assert_int_equal(receive(&peers, PATIENCE, &id),
                             LDAP_RES_SEARCH_ENTRY);
        expect_done(&peers, PATIENCE, search);
        pthread_join(thread, NULL);
        close_peers(&peers);
    }
}

static void
test_what_arrived_before_the_end_is_read(void **state)
{
    struct peers peers;
    static struct sent sent;
    int first, second, id;

    (void)state;
    open_peers(&peers, sdr_clock() + PATIENCE * 1000);
    first = ask(&peers);
    second = ask(&peers);
    sent.len = 0;
    put_done(&sent, first);
    put_done(&sent, second);
    send_all(&peers, &sent, sent.len);
    shutdown(peers.server, SHUT_WR);
    expect_done(&peers, PATIENCE, first);
    expect_done(&peers, PATIENCE, second);
    assert_int_equal(receive(&peers, PATIENCE, &id), -1);
    close_peers(&peers);
}

static void
test_part_of_a_message_is_awaited_until_the_deadline(void **state)
{
    (void)state;
    for (size_t part = 1; part < 14; part++) {
        struct peers peers;
        static struct sent sent;
        int first, second, id;

        open_peers(&peers, sdr_clock() + PATIENCE * 1000);
        first = ask(&peers);
        second = ask(&peers);
        sent.len = 0;
        put_done(&sent, first);
        put_done(&sent, second);
        sent.len -= part;
        send_all(&peers, &sent, sent.len);
        expect_done(&peers, PATIENCE, first);
        sdr_sockbuf_deadline(peers.ld, sdr_clock() + 5);
        assert_true(receive(&peers, 0, &id) <= 0);
        close_peers(&peers);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_that_arrive_together_are_read_at_once),
        cmocka_unit_test(
            test_messages_of_any_size_arrive_in_pieces_of_any_size),
        cmocka_unit_test(test_what_arrived_before_the_end_is_read),
        cmocka_unit_test(test_part_of_a_message_is_awaited_until_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
