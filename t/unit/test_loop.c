/* test_loop.c - loop marks are counted, and stop messages that circle
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/loop.h"

#include "unit.h"

static struct sdr_config *config;

enum { T = 1700000000 };

static void
marks_of_this_site_are_counted(void **state)
{
    static const struct {
        const char *value;
        unsigned count;
        long long newest;
    } rows[] = {
        {"onprem; 1700000000", 1, T},
        {"onprem;1700000000", 1, T},
        {" onprem; 1700000000", 1, T},
        {"\r\n\tonprem\r\n ; 1700000000 (folded)", 1, T},
        {"ONPREM; 1700000000", 1, T},
        /* other sites' */
        {"hosted; 1700000000", 0, 0},
        {"onprem2; 1700000000", 0, 0},
        {"onpre; 1700000000", 0, 0},
        {"not onprem; 1700000000", 0, 0},
        /* what others may write */
        {"", 0, 0},
        {" ", 0, 0},
        {";", 0, 0},
        {"onprem", 0, 0},
        {"onprem 1700000000", 0, 0},
        {"onprem;", 1, 0},
        {"onprem; yesterday", 1, 0},
        {"onprem; -5", 1, 0},
        {"onprem; -99999999999999999999", 1, 0},
        {"onprem; +1700000000", 1, 0},
        {"onprem; 0x6553f100", 1, 0},
        {"onprem; 1700000000x", 1, 0},
        {"onprem; 1700000000.5", 1, 0},
        {"onprem; 17e8", 1, 0},
        {"onprem; ; 1700000000", 1, 0},
        {"onprem;\r\n 1700000000\r\n", 1, T},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_loop_marks marks = {0};

        sdr_loop_add_mark(config, &marks, rows[i].value);
        unit_row(marks.count == rows[i].count
                     && marks.times[0] == (time_t)rows[i].newest,
                 "%s: %u, at %lld", rows[i].value, marks.count,
                 (long long)marks.times[0]);
    }
    unit_end();
}

static void
the_newest_mark_counts(void **state)
{
    struct sdr_loop_marks marks = {0};
    struct sdr_reply reply;

    (void)state;
    sdr_loop_add_mark(config, &marks, "onprem; 1700000000");
    sdr_loop_add_mark(config, &marks, "onprem; 1700000500");
    sdr_loop_add_mark(config, &marks, "hosted; 1700009999");
    sdr_loop_add_mark(config, &marks, "onprem; 1700000100");
    assert_int_equal(marks.count, 3);
    for (unsigned i = 0; i < 2; i++)
        sdr_loop_add_mark(config, &marks, "onprem; 1700000200");
    assert_true(sdr_loop_limit_reached(config, &marks, T + 500 + 899, &reply));
    assert_string_equal(reply.code, "451");
    assert_true(sdr_loop_limit_reached(config, &marks, T + 500 + 900, &reply));
    assert_string_equal(reply.code, "554");
}

static void
any_number_of_marks_is_counted(void **state)
{
    struct sdr_loop_marks marks = {0};
    struct sdr_reply reply;

    (void)state;
    for (int i = 0; i < 1000; i++)
        sdr_loop_add_mark(config, &marks, "onprem; 1700000000");
    assert_int_equal(marks.count, 1000);
    assert_true(sdr_loop_limit_reached(config, &marks, T, &reply));
}

static void
a_mark_is_read_as_it_was_written(void **state)
{
    struct sdr_loop_marks marks = {0};
    char value[64];

    (void)state;
    sdr_loop_format_mark(config, T, value, sizeof value);
    assert_string_equal(value, "onprem; 1700000000");
    sdr_loop_add_mark(config, &marks, value);
    assert_int_equal(marks.count, 1);
    assert_int_equal(marks.times[0], T);
}

static void
a_circling_message_is_stopped_at_the_limit(void **state)
{
    static const struct {
        unsigned count;
        long long newest;
        const char *code, *enhanced; /* NULL: it goes on */
    } rows[] = {
        {0, 0, NULL, NULL},           {1, T, NULL, NULL},
        {4, T, NULL, NULL},           {5, T, "451", "4.4.6"},
        {5, T - 899, "451", "4.4.6"}, {5, T - 900, "554", "5.4.6"},
        {6, T, "451", "4.4.6"},       {50, T - 86400, "554", "5.4.6"},
        {5, 0, "554", "5.4.6"},       {5, T + 60, "451", "4.4.6"},
        {5, T + 61, "554", "5.4.6"},
    };

    (void)state;
    assert_int_equal(config->loop_limit, 5);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct sdr_loop_marks marks = {rows[i].count,
                                             {(time_t)rows[i].newest}};
        struct sdr_reply reply = {"000", "0.0.0", ""};
        const char *code = rows[i].code ? rows[i].code : "000";
        const char *enhanced = rows[i].enhanced ? rows[i].enhanced : "0.0.0";
        bool stopped = sdr_loop_limit_reached(config, &marks, T, &reply);

        unit_row(stopped == (rows[i].code != NULL)
                     && strcmp(reply.code, code) == 0
                     && strcmp(reply.enhanced, enhanced) == 0
                     && (!stopped || strstr(reply.text, "onprem") != NULL),
                 "%u marks, newest %lld s ago: %s %s %s", rows[i].count,
                 T - rows[i].newest, reply.code, reply.enhanced, reply.text);
    }
    unit_end();
}

/* A message with forged marks is rejected at once; a mark from the future does
 * not make the others older. */
static void
a_time_in_the_future_does_not_count(void **state)
{
    static const struct {
        const char *forged; /* four of these */
        const char *fifth, *code;
    } rows[] = {
        {"onprem; 4102444800", "onprem; 4102444800", "554"},
        {"onprem; 99999999999999999999", "onprem; 4102444800", "554"},
        {"onprem; 9223372036854775807", "onprem; yesterday", "554"},
        {"onprem; -1", "onprem;", "554"},
        {"onprem; 4102444800", "onprem; 1600000000", "554"},
        {"onprem; 4102444800", "onprem; 1699999900", "451"},
        {"onprem; 1", "onprem; 1699999900", "451"},
        {"onprem; 1", "onprem; 4102444800", "554"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_loop_marks marks = {0};
        struct sdr_reply reply = {"000", "0.0.0", ""};

        for (int k = 0; k < 4; k++)
            sdr_loop_add_mark(config, &marks, rows[i].forged);
        sdr_loop_add_mark(config, &marks, rows[i].fifth);
        unit_row(sdr_loop_limit_reached(config, &marks, T, &reply)
                     && strcmp(reply.code, rows[i].code) == 0,
                 "%s, %s: %s", rows[i].forged, rows[i].fifth, reply.code);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_of_this_site_are_counted),
        cmocka_unit_test(the_newest_mark_counts),
        cmocka_unit_test(any_number_of_marks_is_counted),
        cmocka_unit_test(a_mark_is_read_as_it_was_written),
        cmocka_unit_test(a_circling_message_is_stopped_at_the_limit),
        cmocka_unit_test(a_time_in_the_future_does_not_count),
    };
    int wrong;

    config = unit_config(UNIT_CONF);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
