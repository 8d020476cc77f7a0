/* test_stream.c - packets over a socket, from peers that are slow or deaf
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/stream.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "unit.h"

enum { PATIENCE = 1 };

/* Our end of a connection, and the peer's. */
struct pair {
    int fd, peer;
    struct packet_reader reader;
    struct packet_writer output;
};

static void
open_pair(struct pair *pair)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *pair = (struct pair){.fd = fds[0], .peer = fds[1]};
}

static void
close_pair(struct pair *pair)
{
    close(pair->fd);
    close(pair->peer);
    packet_reader_clear(&pair->reader);
    packet_writer_clear(&pair->output);
}

static void
say(const struct pair *pair, const char *octets, size_t len)
{
    assert_int_equal(write(pair->peer, octets, len), (ssize_t)len);
}

static enum stream_status
read_one(struct pair *pair, struct packet *packet)
{
    return stream_read(pair->fd, &pair->reader, PATIENCE, &pair->output,
                       packet);
}

#define SAID(text) text, sizeof text - 1

static const struct {
    const char *said;
    size_t len;
    enum stream_status status;
} rows[] = {
    {SAID("\0\0\0\1A"), STREAM_OK},
    {SAID(""), STREAM_END},
    {SAID("\0"), STREAM_LATE},
    {SAID("\0\0\0\1"), STREAM_LATE},
    {SAID("\0\0\0\3R"), STREAM_LATE},
    {SAID("\0\0\0\0"), STREAM_BAD},
    {SAID("GET / HTTP/1.1"), STREAM_BAD},
};

static void
a_peer_that_goes_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        enum stream_status status;
        struct packet packet;
        struct pair pair;

        open_pair(&pair);
        say(&pair, rows[i].said, rows[i].len);
        shutdown(pair.peer, SHUT_WR);
        status = read_one(&pair, &packet);
        unit_row(status == rows[i].status, "row %zu: %d", i, (int)status);
        close_pair(&pair);
    }
    unit_end();
}

static void
one_that_stops_within_a_packet_is_late(void **state)
{
    struct packet packet;
    struct pair pair;

    (void)state;
    open_pair(&pair);
    say(&pair, SAID("\0\0\0\1A\0\0\0\3R"));
    assert_int_equal(read_one(&pair, &packet), STREAM_OK);
    assert_int_equal(read_one(&pair, &packet), STREAM_LATE);
    close_pair(&pair);
}

/* A peer may be silent between packets for as long as the socket's timeout. */
static void
one_that_is_silent_has_ended(void **state)
{
    const struct timeval moment = {.tv_usec = 1000};
    struct packet packet;
    struct pair pair;

    (void)state;
    open_pair(&pair);
    setsockopt(pair.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    assert_int_equal(read_one(&pair, &packet), STREAM_END);
    close_pair(&pair);
}

/* Not while there are more packets, and before waiting for one. */
static void
what_was_written_is_sent_when_the_peer_has_to_speak(void **state)
{
    struct packet packet;
    struct pair pair;
    char heard[16];

    (void)state;
    open_pair(&pair);
    say(&pair, SAID("\0\0\0\1A\0\0\0\1A"));
    shutdown(pair.peer, SHUT_WR);
    assert_int_equal(read_one(&pair, &packet), STREAM_OK);
    packet_write(&pair.output, 'c', NULL, NULL);
    assert_int_equal(read_one(&pair, &packet), STREAM_OK);
    assert_int_equal(recv(pair.peer, heard, sizeof heard, MSG_DONTWAIT), -1);
    packet_write(&pair.output, 't', NULL, NULL);
    assert_int_equal(read_one(&pair, &packet), STREAM_END);
    assert_int_equal(recv(pair.peer, heard, sizeof heard, MSG_DONTWAIT), 10);
    assert_memory_equal(heard, "\0\0\0\1c\0\0\0\1t", 10);
    close_pair(&pair);
}

static void
one_that_does_not_listen_is_deaf(void **state)
{
    const struct timeval moment = {.tv_usec = 1000};
    struct packet packet;
    struct pair pair;

    (void)state;
    open_pair(&pair);
    setsockopt(pair.fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    for (int i = 0; i < 1000000; i++)
        packet_write(&pair.output, 'c', NULL, NULL);
    assert_int_equal(read_one(&pair, &packet), STREAM_DEAF);
    close_pair(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_goes_is_noticed),
        cmocka_unit_test(one_that_stops_within_a_packet_is_late),
        cmocka_unit_test(one_that_is_silent_has_ended),
        cmocka_unit_test(what_was_written_is_sent_when_the_peer_has_to_speak),
        cmocka_unit_test(one_that_does_not_listen_is_deaf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
