/* test_mta.c - the words that mail servers and their configurations are read by
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mta.h"
#include "sendmailcf.h"
#include "unit.h"

/* What the findings would print is for the system tests. */
void
tell_finding(enum sdr_finding *worst, enum sdr_finding finding,
             const char *subject, const char *advice, const char *format, ...)
{
    (void)worst, (void)finding, (void)subject, (void)advice, (void)format;
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
test_domains_in_lists(void **state)
{
    static const struct {
        const char *list;
        enum answer answer; /* for hosted.example.com */
    } rows[] = {
        {"", NO},
        {"example.com", NO},
        {"hosted.example.com", YES},
        {"a, Hosted.Example.COM", YES},
        {".example.com", YES},
        {".ted.example.com", NO},
        {"hash:/etc/postfix/domains", PERHAPS},
        {"/etc/postfix/domains, example.com", PERHAPS},
        {"hash:/etc/postfix/domains hosted.example.com", YES},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++)
        unit_row(list_has_domain(rows[i].list, "hosted.example.com")
                     == rows[i].answer,
                 "%s", rows[i].list);
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

/* ---- sendmail.cf ---- */

static const char cf_text[] = "Cwlocalhost one.test\n"
                              "C{w}two.test\n"
                              "\tthree.test\n"
                              "CR$={VirtHost} four.test\n"
                              "C{VirtHost}five.test\n"
                              "C{loop}$={loop}\n"
                              "F{map}hash:/etc/mail/x\n"
                              "FP-o /nonexistent/file\n"
                              "Kvirtuser hash /etc/mail/virtusertable\n"
                              "Kroute socket -q -T<TMPF> local:/run/map.sock\n"
                              "Kinet\tsocket inet:1@localhost\n"
                              "Kbare socket\n"
                              "R$+\t$: $(route $1 $: ? $)\n"
                              "O AliasFile=/etc/a, socket:unix:/run/a.sock\n"
                              "DSrelay:[192.0.2.1]\n"
                              "DZ\n"
                              "O RunAsUser=smmta\n"
                              "O RunAsUser=other\n"
                              "#O TempFileMode=0600\n"
                              "O DaemonPortOptions=Name=MTA, Port=25\n"
                              "Xsdr,\tS=unix:/a, F=T,\n"
                              "\tT=C:1s;R:2s\n"
                              "Xbare\n"
                              "X, S=x\n"
                              "C";

static void
test_sendmail_cf(void **state)
{
    static const struct {
        const char *class, *domain;
        bool subdomains;
        enum answer answer;
    } rows[] = {
        {"w", "localhost", false, YES},
        {"w", "ONE.test", false, YES},
        {"w", "two.test", false, YES},
        {"w", "three.test", false, YES},
        {"w", "four.test", false, NO},
        {"R", "four.test", false, YES},
        {"R", "a.four.test", false, NO},
        {"R", "a.four.test", true, YES},
        {"R", "five.test", false, YES},
        {"R", "one.test", false, NO},
        {"VirtHost", "five.test", false, YES},
        {"Virt", "five.test", false, NO},
        {"loop", "x", false, NO},
        {"map", "x", false, PERHAPS},
        {"P", "x", false, NO},
    };
    struct unit_folder folder;
    struct sendmailcf cf;
    struct sdr_error error = {""};
    char value[32];

    (void)state;
    unit_folder_make(&folder);
    unit_write(folder.conf, cf_text, sizeof cf_text - 1, 0600);
    assert_int_equal(sendmailcf_read(&cf, folder.conf, &error), SDR_OK);
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++)
        unit_row(sendmailcf_in_class(&cf, rows[i].class, rows[i].domain,
                                     rows[i].subdomains)
                     == rows[i].answer,
                 "%s in %s", rows[i].domain, rows[i].class);
    unit_end();
    assert_string_equal(sendmailcf_option(&cf, "RunAsUser"), "other");
    assert_string_equal(sendmailcf_option(&cf, "TempFileMode"), "");
    assert_string_equal(sendmailcf_macro(&cf, 'S'), "relay:[192.0.2.1]");
    assert_string_equal(sendmailcf_macro(&cf, 'Z'), "");
    assert_string_equal(sendmailcf_macro(&cf, 'R'), "");
    assert_true(sendmailcf_has_map(&cf, "virtuser"));
    assert_false(sendmailcf_has_map(&cf, "virt"));
    assert_int_equal(cf.daemon_count, 1);
    sendmailcf_equate(cf.daemons[0], "port", value, sizeof value);
    assert_string_equal(value, "25");
    assert_int_equal(cf.filter_count, 2);
    assert_string_equal(cf.filters[0].name, "sdr");
    sendmailcf_equate(cf.filters[0].equates, "T", value, sizeof value);
    assert_string_equal(value, "C:1s;R:2s");
    assert_string_equal(cf.filters[1].name, "");
    sendmailcf_free(&cf);
    unit_folder_remove(&folder);
}

static void
test_socket_maps_of_sendmail(void **state)
{
    static const struct {
        const char *name, *path;
    } rows[] = {
        {"route", "/run/map.sock"}, {"inet", ""}, {"bare", ""},
        {"virtuser", ""},           {"none", ""},
    };
    struct unit_folder folder;
    struct sendmailcf cf;
    struct sdr_error error = {""};
    char path[64];

    (void)state;
    unit_folder_make(&folder);
    unit_write(folder.conf, cf_text, sizeof cf_text - 1, 0600);
    assert_int_equal(sendmailcf_read(&cf, folder.conf, &error), SDR_OK);
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        sendmailcf_socket_map(&cf, rows[i].name, path, sizeof path);
        unit_row(strcmp(path, rows[i].path) == 0, "%s: %s", rows[i].name, path);
    }
    unit_end();
    sendmailcf_socket_aliases(&cf, path, sizeof path);
    assert_string_equal(path, "/run/a.sock");
    assert_true(cf.asks_route);
    sendmailcf_free(&cf);
    unit_folder_remove(&folder);
}

static void
test_no_sendmail_cf(void **state)
{
    struct sendmailcf cf;
    struct sdr_error error = {""};

    (void)state;
    assert_int_equal(sendmailcf_read(&cf, "/nonexistent", &error),
                     SDR_NOTFOUND);
    assert_int_equal(sendmailcf_read(&cf, "/dev/zero", &error), SDR_TEMPFAIL);
    assert_int_equal(sendmailcf_read(&cf, "/", &error), SDR_TEMPFAIL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_lists),
        cmocka_unit_test(test_long_words_are_cut),
        cmocka_unit_test(test_domains_in_lists),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_next_hops),
        cmocka_unit_test(test_sendmail_cf),
        cmocka_unit_test(test_socket_maps_of_sendmail),
        cmocka_unit_test(test_no_sendmail_cf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
