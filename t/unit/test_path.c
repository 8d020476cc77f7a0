/* test_path.c - by which text each MTA knows a recipient, and by which it might
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "path.h"

#include "unit.h"

/* NULL: it is not certain. */
struct row {
    const char *given, *address, *postfix, *sendmail, *other;
};

#define PLAIN(text) "<" text ">", text, text, "<" text ">", "<" text ">"

#define ODD(text)   "<" text ">", text, text, "<" text ">", NULL
#define NEVER(text) text, NULL, NULL, NULL, NULL

static const struct row rows[] = {
    {PLAIN("alice@example.com")},
    {PLAIN("ALICE@Example.COM")},
    {PLAIN("alice+news@example.com")},
    {PLAIN("jos\xc3\xa9@example.com")},
    {PLAIN("jose\xcc\x81@example.com")},
    {PLAIN("\xc2\xb5@example.com")}, /* micro sign, and a Greek letter */
    {PLAIN("\xce\xbc@example.com")},
    {PLAIN("alice%example.com@onprem.test")},
    {PLAIN("example.com!alice@onprem.test")},
    {"alice@example.com", "alice@example.com", "alice@example.com",
     "<alice@example.com>", "alice@example.com"},
    /* a final dot, quotes */
    {"<alice@example.com.>", "alice@example.com.", "alice@example.com.",
     "<alice@example.com.>", NULL},
    {"<\"alice\"@example.com>", "\"alice\"@example.com",
     "\"alice\"@example.com", "<\"alice\"@example.com>", NULL},
    {"<\"al\\ice\"@Example.com>", "\"al\\ice\"@Example.com",
     "\"al\\ice\"@Example.com", "<\"al\\ice\"@Example.com>", NULL},
    {"<\"al ice\"@example.com>", "\"al ice\"@example.com",
     "\"al ice\"@example.com", "<\"al ice\"@example.com>", NULL},
    {"<\"a>b\"@example.com>", "\"a>b\"@example.com", "\"a>b\"@example.com",
     "<\"a>b\"@example.com>", NULL},
    /* routes: Postfix removes a leading one */
    {"<@x.test:alice@example.com>", "alice@example.com", "alice@example.com",
     "<@x.test:alice@example.com>", NULL},
    {"<@x.test,@y.test:Alice@Example.com.>", "Alice@Example.com.",
     "Alice@Example.com.", "<@x.test,@y.test:Alice@Example.com.>", NULL},
    {"@x.test:alice@example.com", "alice@example.com", "alice@example.com",
     "<@x.test:alice@example.com>", NULL},
    {"<@x.test:@y.test:alice@example.com>", "alice@example.com",
     "@y.test:alice@example.com", "<@x.test:@y.test:alice@example.com>", NULL},
    {"<@x.test:<alice@example.com>>", "alice@example.com",
     "<alice@example.com>", "<@x.test:<alice@example.com>>", NULL},
    {"<@[IPv6:::1]:alice@example.com>", "alice@example.com",
     "::1]:alice@example.com", "<@[IPv6:::1]:alice@example.com>", NULL},
    {"<@[127.0.0.1]:alice@example.com>", "alice@example.com",
     "alice@example.com", "<@[127.0.0.1]:alice@example.com>", NULL},
    /* brackets and blanks */
    {"<<alice@Example.COM>>", "alice@Example.COM", "<alice@Example.COM>",
     "<alice@Example.COM>", NULL},
    {"<<@x.test:alice@example.com>>", "alice@example.com",
     "<@x.test:alice@example.com>", "<@x.test:alice@example.com>", NULL},
    {"< alice@example.com>", "alice@example.com", " alice@example.com",
     "<alice@example.com>", NULL},
    {"<alice@example.com >", "alice@example.com", "alice@example.com ",
     "<alice@example.com>", NULL},
    {" <alice@example.com>\t", "alice@example.com", " <alice@example.com>\t",
     "<alice@example.com>", NULL},
    /* not a path of RFC 5321, but an address */
    {ODD("a..b@example.com")},
    {ODD(".alice@example.com")},
    {ODD("first.\"last\"@example.com")},
    {ODD("\\alice@example.com")},
    {ODD("x:alice@example.com")},
    {ODD("alice@example.com@onprem.test")},
    /* parameters */
    {"<alice@example.com> NOTIFY=NEVER", "alice@example.com",
     "<alice@example.com> NOTIFY=NEVER", "<alice@example.com>", NULL},
    {"<\"a> b\"@example.com> NOTIFY=NEVER", "\"a> b\"@example.com",
     "<\"a> b\"@example.com> NOTIFY=NEVER", "<\"a> b\"@example.com>", NULL},
    /* not certain */
    {NEVER("<x:alice@Example.COM;>")},
    {NEVER("<Alice <alice@example.com>>")},
    {NEVER("<Alice <@x.test:alice@example.com>>")},
    {NEVER("<Jane <jane@x.test>, Alice <alice@example.com>>")},
    {NEVER("<alice@example.com>, <dave@example.com>")},
    {NEVER("<alice@example.com,dave@example.com>")},
    {NEVER("<alice(x)@example.com>")},
    {NEVER("<(x)alice@example.com>")},
    {NEVER("<alice@example.com(x)>")},
    {NEVER("<alice @example.com>")},
    {NEVER("<alice@ example.com>")},
    {NEVER("<\"alice\" @example.com>")},
    {NEVER("<alice@example.com")},
    {NEVER("alice@example.com>")},
    {NEVER("<<alice@example.com>")},
    {NEVER("<@x.test>")},
    {NEVER("<@x.test:>")},
    {NEVER("<alice>")},
    {NEVER("<>")},
    {NEVER("")},
    {NEVER(" ")},
};

static bool
same(bool known, const char *text, const char *wanted)
{
    return wanted == NULL ? !known : known && strcmp(text, wanted) == 0;
}

static void
each_mta_knows_a_recipient_by_this_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const char *const wanted[] = {[PATH_OTHER] = row->other,
                                      [PATH_POSTFIX] = row->postfix,
                                      [PATH_SENDMAIL] = row->sendmail};
        char text[PATH_TEXT_MAX] = "";
        bool known = path_address(row->given, text);

        unit_row(same(known, text, row->address), "%s: address %s", row->given,
                 known ? text : "none");
        for (unsigned mta = 0; mta < UNIT_COUNT(wanted); mta++) {
            known = path_queued(mta, row->given, text);
            unit_row(same(known, text, wanted[mta]), "%s: MTA %u: %s",
                     row->given, mta, known ? text : "none");
        }
    }
    unit_end();
}

static void
a_user_of_the_machine_may_have_typed_this(void **state)
{
    static const struct {
        const char *given, *texts[4];
    } submitted[] = {
        {"alice@example.com",
         {"alice", "alice@example.com.", "alice%example.com",
          "example.com!alice"}},
        {"ALICE@Example.COM",
         {"ALICE", "ALICE@Example.COM.", "ALICE%Example.COM",
          "Example.COM!ALICE"}},
        {"\"al ice\"@example.com",
         {"\"al ice\"", "\"al ice\"@example.com.", "\"al ice\"%example.com",
          "example.com!\"al ice\""}},
        {"alice", {NULL}},
        {"", {NULL}},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(submitted); i++) {
        for (unsigned n = 0; n < 4; n++) {
            char text[PATH_TEXT_MAX] = "";
            bool known = path_submitted(n, submitted[i].given, text);

            unit_row(same(known, text, submitted[i].texts[n]), "%s %u: %s",
                     submitted[i].given, n, known ? text : "none");
        }
        assert_false(
            path_submitted(4, submitted[i].given, (char[PATH_TEXT_MAX]){""}));
    }
    unit_end();
}

static void
what_is_too_long_is_not_certain(void **state)
{
    enum { LONG = 3 * PATH_TEXT_MAX };
    char given[LONG], text[PATH_TEXT_MAX];

    (void)state;
    for (size_t len = PATH_TEXT_MAX - 40; len < PATH_TEXT_MAX + 10; len++) {
        int used = snprintf(given, sizeof given, "<@%*s:alice@example.com>",
                            (int)len, "x");

        for (unsigned mta = PATH_OTHER; mta <= PATH_SENDMAIL; mta++)
            unit_row(!path_queued(mta, given, text)
                         || strlen(text) <= (size_t)used,
                     "%zu octets, MTA %u", len, mta);
    }
    memset(given, ' ', sizeof given - 1);
    given[sizeof given - 1] = '\0';
    assert_false(path_address(given, text));
    memset(given, '<', sizeof given / 2);
    memset(given + sizeof given / 2, '>', sizeof given / 2 - 1);
    assert_false(path_queued(PATH_SENDMAIL, given, text));
    unit_end();
}

static void
an_mta_is_known_by_its_version(void **state)
{
    (void)state;
    assert_int_equal(path_mta_of("Postfix 3.7.11"), PATH_POSTFIX);
    assert_int_equal(path_mta_of("8.17.1.9/8.17.1.9/Debian-2"), PATH_SENDMAIL);
    assert_int_equal(path_mta_of("OpenSMTPD 7"), PATH_OTHER);
    assert_int_equal(path_mta_of(""), PATH_OTHER);
    assert_int_equal(path_mta_of(NULL), PATH_OTHER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mta_knows_a_recipient_by_this_text),
        cmocka_unit_test(a_user_of_the_machine_may_have_typed_this),
        cmocka_unit_test(what_is_too_long_is_not_certain),
        cmocka_unit_test(an_mta_is_known_by_its_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
