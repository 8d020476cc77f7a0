/* test_packet.c - packets of the milter protocol, whole, in parts and lying
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/packet.h"

#include "unit.h"

static void
say(struct packet_reader *reader, const char *octets, size_t len)
{
    while (len > 0) {
        size_t part;
        char *room;

        assert_true(packet_make_room(reader, &room, &part));
        if (part > len)
            part = len;
        memcpy(room, octets, part);
        packet_came(reader, part);
        octets += part;
        len -= part;
    }
}

#define SAID(text) text, sizeof text - 1

static const struct {
    const char *said;
    size_t len;
    enum packet_status status;
    char command;
    size_t data;
} rows[] = {
    {SAID("\0\0\0\1A"), PACKET_OK, 'A', 0},
    {SAID("\0\0\0\3Rx"), PACKET_PART, 0, 0},
    {SAID("\0\0\0\3Rx\0"), PACKET_OK, 'R', 2},
    {SAID("\0\0\0\3Rx\0\0\0\0"), PACKET_OK, 'R', 2},
    {SAID(""), PACKET_PART, 0, 0},
    {SAID("\0\0\0"), PACKET_PART, 0, 0},
    {SAID("\0\0\0\1"), PACKET_PART, 0, 0},
    {SAID("\0\0\0\0"), PACKET_BAD, 0, 0},
    {SAID("\0\0\0\0R"), PACKET_BAD, 0, 0},
    {SAID("\0\x0f\x42\x40"), PACKET_PART, 0, 0}, /* a million */
    {SAID("\0\x0f\x42\x41"), PACKET_BAD, 0, 0},
    {SAID("\xff\xff\xff\xffR"), PACKET_BAD, 0, 0},
    {SAID("\x80\0\0\1R"), PACKET_BAD, 0, 0},
    {SAID("EHLO client.test\r\n"), PACKET_BAD, 0, 0},
};

static void
one_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct packet_reader reader = {0};
        struct packet packet = {0};
        enum packet_status status;

        say(&reader, rows[i].said, rows[i].len);
        status = packet_take(&reader, &packet);
        unit_row(status == rows[i].status
                     && (status != PACKET_OK
                         || (packet.command == rows[i].command
                             && packet.len == rows[i].data)),
                 "row %zu: %d, %c, %zu", i, (int)status, packet.command,
                 packet.len);
        packet_reader_clear(&reader);
    }
    unit_end();
}

static void
several_that_come_at_once_are_read_in_order(void **state)
{
    struct packet_reader reader = {0};
    struct packet packet;

    (void)state;
    say(&reader, SAID("\0\0\0\2Da\0\0\0\1A\0\0\0\3R"));
    assert_int_equal(packet_take(&reader, &packet), PACKET_OK);
    assert_int_equal(packet.command, 'D');
    assert_int_equal(packet_take(&reader, &packet), PACKET_OK);
    assert_int_equal(packet.command, 'A');
    assert_int_equal(packet_take(&reader, &packet), PACKET_PART);
    assert_true(packet_waiting(&reader));
    say(&reader, SAID("x\0"));
    assert_int_equal(packet_take(&reader, &packet), PACKET_OK);
    assert_memory_equal(packet.data, "x", 2);
    assert_false(packet_waiting(&reader));
    packet_reader_clear(&reader);
}

/* Memory is allocated for the octets that have arrived, not for a promised
 * length; a large buffer is not kept. */
static void
memory_follows_what_has_come(void **state)
{
    static char body[PACKET_MAX - 1];
    struct packet_reader reader = {0};
    struct packet packet;
    size_t room;
    char *at;

    (void)state;
    memset(body, 'x', sizeof body);
    say(&reader, SAID("\0\x0f\x42\x40L"));
    assert_int_equal(packet_take(&reader, &packet), PACKET_PART);
    assert_true(packet_make_room(&reader, &at, &room));
    assert_true(reader.size <= 4096);
    say(&reader, body, sizeof body);
    assert_int_equal(packet_take(&reader, &packet), PACKET_OK);
    assert_int_equal(packet.len, sizeof body);
    assert_memory_equal(packet.data, body, sizeof body);
    assert_true(packet_make_room(&reader, &at, &room));
    assert_true(reader.size <= 4096);
    packet_reader_clear(&reader);
}

static void
strings_end_with_a_nul(void **state)
{
    struct packet_strings strings;

    (void)state;
    assert_false(packet_strings("", 0, &strings));
    assert_false(packet_strings("a", 1, &strings));
    assert_false(packet_strings("a\0b", 3, &strings));
    assert_true(packet_strings("a\0\0bc", 6, &strings));
    assert_string_equal(packet_string(&strings), "a");
    assert_string_equal(packet_string(&strings), "");
    assert_string_equal(packet_string(&strings), "bc");
    assert_null(packet_string(&strings));
    assert_null(packet_string(&strings));
}

static void
what_is_written_stands_in_order_and_can_be_taken_back(void **state)
{
    struct packet_writer writer = {0};
    size_t before;

    (void)state;
    packet_write(&writer, 'c', NULL, NULL);
    before = writer.len;
    packet_write(&writer, '2', "<a>", NULL);
    packet_take_back(&writer, before);
    packet_write(&writer, 'h', "N", "v");
    packet_begin(&writer, 'O');
    packet_put_number(&writer, 6);
    packet_put_string(&writer, "i");
    packet_end(&writer);
    assert_int_equal(writer.len, 5 + 9 + 11);
    assert_memory_equal(writer.octets,
                        "\0\0\0\1c\0\0\0\5hN\0v\0\0\0\0\7O\0\0\0\6i", 25);
    packet_sent(&writer);
    assert_int_equal(writer.len, 0);
    packet_writer_clear(&writer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_read_or_refused),
        cmocka_unit_test(several_that_come_at_once_are_read_in_order),
        cmocka_unit_test(memory_follows_what_has_come),
        cmocka_unit_test(strings_end_with_a_nul),
        cmocka_unit_test(what_is_written_stands_in_order_and_can_be_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
