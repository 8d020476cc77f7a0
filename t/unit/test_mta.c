/* test_mta.c - the words that mail servers and their configurations are read by
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <errno.h>

#include "check/mta/mta.h"
#include "unit.h"

/* What the findings would print is for the system tests. */
void
report_finding(enum check_result *worst, enum check_result finding,
               const char *subject, const char *advice, const char *format, ...)
{
    (void)worst, (void)finding, (void)subject, (void)advice, (void)format;
}

unsigned
longest_question(const struct sdr_config *config)
{
    (void)config;
    return 0;
}

static void
test_words_of_lists(void **state)
{
    static const struct {
        const char *list, *words; /* joined by "|" */
    } rows[] = {
        {"", ""},
        {" , ,", ""},
        {"a", "a"},
        {"a, b  c,d", "a|b|c|d"},
        {"a { b, c=d } e", "a| b, c=d |e"},
        {"{a}{b}", "a|b"},
        {"{ a { b } c }", " a { b } c "},
        {"{ a", " a"},
        {"{", ""},
        {"{}", ""},
        {"a}", "a}"},
        {"b:{ {c=d}, {e=f} }, g", "b:{ {c=d}, {e=f} }|g"},
        {"b:{c}d{e f}g h", "b:{c}d{e f}g|h"},
        {"b:{ c", "b:{ c"},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        const char *at = rows[i].list;
        char words[256] = "", word[32];

        for (unsigned n = 0; next_word(&at, word, sizeof word); n++) {
            size_t used = strlen(words);

            snprintf(words + used, sizeof words - used, "%s%s",
                     n > 0 ? "|" : "", word);
        }
        unit_row(strcmp(words, rows[i].words) == 0, "%s: %s", rows[i].list,
                 words);
    }
    unit_end();
}

static void
test_long_words_are_cut(void **state)
{
    const char *at = "abcdefgh, {ijklmnop} q";
    char word[4];

    (void)state;
    assert_true(next_word(&at, word, sizeof word));
    assert_string_equal(word, "abc");
    at = "{ijklmnop} q";
    assert_true(next_word(&at, word, sizeof word));
    assert_string_equal(word, "ijk");
}

static void
test_equates(void **state)
{
    static const char list[] = " unix:/a, F=T,\tT=C:1s;R:2s Name=MTA,F=R";
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"F", "R"}, {"t", "C:1s;R:2s"}, {"Name", "MTA"},
        {"R", ""},  {"unix", ""},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        char value[32];

        read_equate(list, rows[i].key, value, sizeof value);
        unit_row(strcmp(value, rows[i].value) == 0, "%s: %s", rows[i].key,
                 value);
    }
    unit_end();
}

static void
test_times(void **state)
{
    static const struct {
        const char *text;
        long seconds;
    } rows[] = {
        {"30", 30},   {"30s", 30},   {"2m", 120},
        {"1h", 3600}, {"1d", 86400}, {"1w", 604800},
        {"", -1},     {"s", -1},     {"5x", -1},
        {"-1", -1},   {"0", 0},      {"99999999999999999999", -1},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++)
        unit_row(read_time(rows[i].text) == rows[i].seconds, "%s",
                 rows[i].text);
    unit_end();
}

static void
test_next_hops(void **state)
{
    static const struct {
        const char *text, *host; /* NULL: none */
        unsigned port;           /* 7: not said */
    } rows[] = {
        {"mx.example.com:25", "mx.example.com", 25},
        {"mx.example.com", "mx.example.com", 7},
        {"[mx.example.com]:2525", "mx.example.com", 2525},
        {"[mx.example.com]", "mx.example.com", 7},
        {"192.0.2.1:25", "192.0.2.1", 25},
        {"2001:db8::1", "2001:db8::1", 7},
        {"[2001:db8::1]:25", "2001:db8::1", 25},
        {"", NULL, 0},
        {":25", NULL, 0},
        {"[]:25", NULL, 0},
        {"[mx.example.com", NULL, 0},
        {"[mx.example.com]25", NULL, 0},
        {"mx.example.com:", NULL, 0},
        {"mx.example.com:smtp", NULL, 0},
        {"mx.example.com:0", NULL, 0},
        {"mx.example.com:65536", NULL, 0},
        {"mx.example.com:-1", NULL, 0},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        char host[DNS_NAME_SIZE] = "";
        uint16_t port = 7;
        bool ok = split_next_hop(rows[i].text, host, &port);

        unit_row(ok == (rows[i].host != NULL)
                     && (!ok
                         || (strcmp(host, rows[i].host) == 0
                             && port == rows[i].port)),
                 "%s: %s %u", rows[i].text, host, (unsigned)port);
    }
    unit_end();
}

static void
test_programs(void **state)
{
    static const struct {
        const char *script;
        int code;
        bool fatal;
        const char *text; /* what it prints, or a part of the reason */
    } rows[] = {
        {"echo a", 0, false, "a"},
        {"cat", 0, false, "input"},
        {"exit 1", 1, false, "ends with exit code 1"},
        {"echo p: warning: x >&2; exit 1", 1, false, "code 1: p: warning: x"},
        {"echo p: warning: x >&2; echo p: fatal: y >&2; exit 1", 1, true,
         "ends with exit code 1: y"},
        {"exit 2", 2, false, "exit code 2"},
        {"kill -9 $$", -1, false, "crashes"},
        {"sleep 99 & sleep 99", -1, false, "takes too long"},
        {"yes", -1, false, "takes too long"},
    };
    struct mta mta = {.timeout = 1};

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        const struct reply *reply =
            ask(&mta, "input\n", "/bin/sh", "-c", rows[i].script, NULL);
        const char *text = reply->code == 0 ? reply->text : reply->why;

        unit_row(reply->code == rows[i].code && reply->fatal == rows[i].fatal
                     && strstr(text, rows[i].text) != NULL,
                 "%s: %d %s", rows[i].script, reply->code, text);
        unit_row(
            reply
                == ask(&mta, "input\n", "/bin/sh", "-c", rows[i].script, NULL),
            "%s: asked once more", rows[i].script);
    }
    unit_end();
    forget_replies(&mta);
}

static void
test_files(void **state)
{
    static const char text[] = "a = 1\n\nb = 2\nc";
    struct mta mta = {.check = NULL};
    struct unit_folder folder;
    const struct reply *reply;
    const char *line;

    (void)state;
    unit_folder_make(&folder);
    unit_write(folder.conf, text, sizeof text - 1, 0600);
    reply = read_lines(&mta, folder.conf);
    assert_int_equal(reply->code, 0);
    line = next_line(reply, NULL);
    assert_string_equal(find_line(line, "a = "), "1");
    assert_null(find_line(line, "b = ")); /* behind an empty line */
    line = next_line(reply, next_line(reply, line));
    assert_string_equal(find_line(line, "b ="), " 2");
    assert_string_equal(find_line(line, "c"), "");
    assert_null(next_line(reply, next_line(reply, line)));
    assert_int_equal(read_lines(&mta, "/nonexistent")->code, ENOENT);
    assert_int_equal(read_lines(&mta, "/dev/zero")->code, EINVAL);
    assert_int_equal(read_lines(&mta, "/")->code, EINVAL);
    forget_replies(&mta);
    unit_folder_remove(&folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_lists),
        cmocka_unit_test(test_long_words_are_cut),
        cmocka_unit_test(test_equates),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_next_hops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
