/* test_log.c - text from outside made safe; the line of a decision
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/line.h"
#include "log.h"

#include "unit.h"

#define OCTETS(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t len;
    const char *specials, *clean;
} rows[] = {
    {OCTETS(""), "", ""},
    {OCTETS("user@example.org"), "", "user@example.org"},
    {OCTETS("a b~!"), "", "a b~!"},
    /* control characters */
    {OCTETS("a\nb"), "", "a\\x0Ab"},
    {OCTETS("a\r\nb"), "", "a\\x0D\\x0Ab"},
    {OCTETS("\t\x01\x1b[31m"), "", "\\x09\\x01\\x1B[31m"},
    {OCTETS("a\x7f"), "", "a\\x7F"},
    {OCTETS("a\0b"), "", "a\\x00b"},
    {OCTETS("\xc2\x80\xc2\x9b"), "", "\\xC2\\x80\\xC2\\x9B"},
    /* invisible characters, direction marks and line breaks */
    {OCTETS("a\xe2\x80\xae"
            "b"),
     "", "a\\xE2\\x80\\xAEb"},
    {OCTETS("\xe2\x80\x8b\xef\xbb\xbf"), "", "\\xE2\\x80\\x8B\\xEF\\xBB\\xBF"},
    {OCTETS("\xe2\x80\xa8\xe2\x80\xa9"), "", "\\xE2\\x80\\xA8\\xE2\\x80\\xA9"},
    {OCTETS("\xc2\xad"), "", "\\xC2\\xAD"},
    /* UTF-8 that may be shown */
    {OCTETS("j\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\xac"), "",
     "j\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x93\xac"},
    /* and octets that are not UTF-8 */
    {OCTETS("j\xf6rg"), "", "j\\xF6rg"},
    {OCTETS("a\xc3"), "", "a\\xC3"},
    {OCTETS("a\xe2\x82"), "", "a\\xE2\\x82"},
    {OCTETS("\xc0\xaf"), "", "\\xC0\\xAF"},
    {OCTETS("\xed\xa0\x80"), "", "\\xED\\xA0\\x80"},
    {OCTETS("\xf4\x90\x80\x80"), "", "\\xF4\\x90\\x80\\x80"},
    {OCTETS("\xff\xc3\xb6"), "", "\\xFF\xc3\xb6"},
    /* specials */
    {OCTETS("\"a\\b\"@c"), "", "\"a\\b\"@c"},
    {OCTETS("\"a\\b\"@c"), "\"\\", "\\x22a\\x5Cb\\x22@c"},
    {OCTETS("50%"), "%", "50\\x25"},
    {OCTETS("a\0b"), "\"", "a\\x00b"},
};

static void
unsafe_octets_are_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char clean[256];
        size_t len = sdr_log_clean(clean, sizeof clean, rows[i].text,
                                   rows[i].len, rows[i].specials);

        unit_row(strcmp(clean, rows[i].clean) == 0 && len == strlen(clean),
                 "%s: %s, length %zu", rows[i].clean, clean, len);
    }
    unit_end();
}

static void
what_does_not_fit_becomes_dots(void **state)
{
    static const struct {
        size_t size;
        const char *text, *clean;
    } cuts[] = {
        {12, "12345678", "12345678"},
        {11, "12345678", "1234567..."},
        {9, "12345678", "12345..."},
        {8, "\n\n\n", "\\x0A..."},
        {8, "12\n", "12..."},
        {8, "123\xe2\x82\xac", "123..."}, /* no half character */
        {6, "abcdef", "ab..."},
        {4, "abcdef", "..."},
        {3, "abcdef", ".."},
        {1, "abcdef", ""},
        {1, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cuts); i++) {
        char clean[32];
        size_t len;

        memset(clean, '#', sizeof clean);
        len = sdr_log_clean(clean, cuts[i].size, cuts[i].text,
                            strlen(cuts[i].text), "");
        unit_row(strcmp(clean, cuts[i].clean) == 0 && len == strlen(clean)
                     && clean[cuts[i].size] == '#',
                 "%s in %zu: %s, length %zu", cuts[i].text, cuts[i].size, clean,
                 len);
    }
    unit_end();
}

/* ---- the line of a decision ---- */

static const struct sdr_verdict redirect = {
    .kind = SDR_REDIRECT,
    .target_count = 2,
    .targets = {{1, "a@hosted.b"}, {2, "a@cloud.b"}},
    .sites = HOSTED | CLOUD,
    .origin = SDR_FROM_DIRECTORY,
    .reason = "owner from the directory",
};

static const struct sdr_verdict reject = {
    .kind = SDR_REJECT,
    .reply = {"550", "5.1.1", "User unknown"},
    .origin = SDR_FROM_DIRECTORY,
    .reason = "no entry, unknown = reject",
};

static const struct sdr_verdict by_next_hop = {
    .kind = SDR_ROUTE,
    .sites = HOSTED,
    .next_hop = "mx.hosted.example.net:25",
    .reason = "x",
};

static const struct sdr_verdict evil = {
    .kind = SDR_DEFER,
    .reply = {"451", "4.3.5", "t"},
    .reason = "cn=\"\n\xff",
};

static const struct {
    const char *recipient;
    const struct sdr_verdict *verdict;
    const char *line;
} decisions[] = {
    {"a@b", &redirect,
     "rcpt=\"a@b\" verdict=redirect site=hosted,cloud to=\"a@hosted.b\" "
     "to=\"a@cloud.b\" source=directory reason=\"owner from the directory\""},
    {"a@b", &reject,
     "rcpt=\"a@b\" verdict=reject reply=550 status=5.1.1 source=directory "
     "reason=\"no entry, unknown = reject\""},
    {"a@b", &by_next_hop,
     "rcpt=\"a@b\" verdict=route site=hosted "
     "next-hop=\"mx.hosted.example.net:25\" source=none reason=\"x\""},
    {"\"a b\" site=x\r\n@c", &evil,
     "rcpt=\"\\x22a b\\x22 site=x\\x0D\\x0A@c\" verdict=defer reply=451 "
     "status=4.3.5 source=none reason=\"cn=\\x22\\x0A\\xFF\""},
};

static void
decisions_are_one_line(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(decisions); i++) {
        struct sdr_verdict verdict = *decisions[i].verdict;
        char line[1024];

        verdict.config = config;
        sdr_log_decision(line, sizeof line, decisions[i].recipient, &verdict);
        unit_row(strcmp(line, decisions[i].line) == 0, "%s", line);
    }
    sdr_config_free(&config);
    unit_end();
}

/* Whatever the size of the buffer, the line ends within it. */
static void
decisions_are_cut_to_their_room(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);
    struct sdr_verdict verdict = redirect;

    (void)state;
    verdict.config = config;
    for (size_t size = 1; size < 200; size++) {
        char line[256];

        memset(line, '#', sizeof line);
        sdr_log_decision(line, size, "a@b", &verdict);
        unit_row(memchr(line, '\0', size) != NULL && line[size] == '#',
                 "size %zu", size);
    }
    sdr_config_free(&config);
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsafe_octets_are_shown),
        cmocka_unit_test(what_does_not_fit_becomes_dots),
        cmocka_unit_test(decisions_are_one_line),
        cmocka_unit_test(decisions_are_cut_to_their_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
