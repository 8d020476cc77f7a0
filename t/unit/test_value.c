/* test_value.c - the addresses in one value of a directory
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/value.h"

#include "unit.h"

#define NBSP "\xc2\xa0"
#define ZWSP "\xe2\x80\x8b"
#define ZWNJ "\xe2\x80\x8c"

/* "a@x" for an address found in it; "?a@x" if it is not certain. */
static char found[1024];

static void
on_address(void *arg, const struct sdr_address *address, bool certain)
{
    char text[SDR_ADDRESS_MAX + 3];

    (void)arg;
    snprintf(text, sizeof text, "%s%s@%s ", certain ? "" : "?", address->folded,
             address->domain);
    if (strstr(found, text) == NULL
        && strlen(found) + strlen(text) < sizeof found)
        strcat(found, text);
}

static const char *
read_value(const char *attribute, const char *value, size_t len)
{
    found[0] = '\0';
    sdr_value_read(attribute, value, len, on_address, NULL);
    if (found[0] != '\0')
        found[strlen(found) - 1] = '\0';
    return found;
}

#define OCTETS(text) text, sizeof(text) - 1

static const struct {
    const char *attribute, *value;
    size_t len;
    const char *found;
} rows[] = {
    /* an address and nothing else */
    {"mail", OCTETS("A@X.test"), "a@x.test"},
    {"mail", OCTETS("  a@x.test "), "a@x.test"},
    {"mail", OCTETS("a@x.test."), "a@x.test"},
    {"mail", OCTETS("\"a b\"@x.test"), "a b@x.test"},
    {"mail", OCTETS("\"a\\\"b\"@x.test"), "a\"b@x.test"},
    {"mail", OCTETS("@x.test"), "@x.test"},
    {"mail", OCTETS("a..b@x.test"), "a..b@x.test"},
    {"mail",
     OCTETS("a@B\xc3\x9c"
            "CHER.test"),
     "a@xn--bcher-kva.test"},
    {"mail",
     OCTETS("a@bu\xcc\x88"
            "cher.test"),
     "a@xn--bcher-kva.test"},
    {"ProxyAddresses;x-a", OCTETS("SMTP:a@x.test"), "a@x.test"},
    {"proxyAddresses", OCTETS("smtp:a@x.test. "), "a@x.test"},
    {"proxyAddresses", OCTETS("smtp:@x.test"), "@x.test"},
    /* a word and an address, or a mailbox with a blank */
    {"mail", OCTETS("b a@x.test"), "b a@x.test ?a@x.test"},
    {"mail", OCTETS("a @x.test"), "a @x.test ?a@x.test"},
    {"mail", OCTETS("a@x.test b@x.test"),
     "a@x.test b@x.test ?a@x.test ?b@x.test"},
    {"mail", OCTETS("a@x.test, b@x.test"),
     "a@x.test, b@x.test ?a@x.test ?b@x.test"},
    {"mail", OCTETS("a@x.test;b@x.test"),
     "a@x.test;b@x.test ?a@x.test ?b@x.test"},
    {"mail", OCTETS("(c) a@x.test"), "(c) a@x.test ?a@x.test"},
    {"mail", OCTETS(":a@x.test"), ":a@x.test ?a@x.test"},
    {"mail", OCTETS("j" NBSP "a@x.test"), "j" NBSP "a@x.test ?a@x.test"},
    {"mail", OCTETS(NBSP "a@x.test"), NBSP "a@x.test ?a@x.test"},
    {"mail", OCTETS("a" ZWSP "@x.test"), "a" ZWSP "@x.test ?a@x.test"},
    {"mail", OCTETS("a" ZWNJ "b@x.test"),
     "a" ZWNJ "b@x.test ?a" ZWNJ "b@x.test"},
    {"mail", OCTETS("j\xc3\xb6@x.test"), "j\xc3\xb6@x.test ?j\xc3\xb6@x.test"},
    /* not an address, but meant as one */
    {"mail", OCTETS("<a@x.test>"), "?a@x.test"},
    {"mail", OCTETS("< a@x.test >"), "?a@x.test"},
    {"mail", OCTETS("<@x.test>"), "?@x.test"},
    {"mail", OCTETS("N M <a@x.test>"), "?a@x.test"},
    {"mail", OCTETS("\"M, N\" <a@x.test>"), "?a@x.test"},
    {"mail", OCTETS("\"a b\"@x.test (c)"), "?a b@x.test"},
    {"mail", OCTETS("<a@x.test"), "<a@x.test ?a@x.test"},
    {"mail", OCTETS("a@x.test" NBSP), "?a@x.test"},
    {"mail", OCTETS("a@x.test" ZWSP), "?a@x.test"},
    {"mail", OCTETS("@x" ZWSP ".test"), "?@x.test"},
    {"mail", OCTETS("a@\xef\xbd\x98.test"), "?a@x.test"},
    {"mail", OCTETS("a@x.test\t"), "?a@x.test"},
    {"mail", OCTETS("\ta@x.test"), "?a@x.test"},
    {"mail", OCTETS("a@ x.test"), "?a@x.test"},
    {"mail", OCTETS("a@x.test.."), "?a@x.test"},
    {"mail", OCTETS("a@x.test,"), "?a@x.test"},
    {"mail", OCTETS("a@x.test\0b"), "?a@x.test"},
    {"mail", OCTETS("a\xef\xbc\xa0x.test"), "?a@x.test"},
    {"mail", OCTETS("\"a@x.test\""), "?a@x.test"},
    {"mail", OCTETS("\" a@x.test\";"), "?a@x.test"},
    {"mail", OCTETS("\"N <a@x.test>\""), "?a@x.test"},
    {"mail", OCTETS("\"b@x.test\" <a@x.test>"), "?b@x.test ?a@x.test"},
    {"mail", OCTETS("\"b@x.test\"@x.test"), "b@x.test@x.test"},
    {"proxyAddresses", OCTETS("smtp:\"a@x.test\""), "?a@x.test"},
    {"mail", OCTETS("'a@x.test'"), "?'a@x.test ?a@x.test"},
    {"mail", OCTETS("a@x.test|b@x.test"),
     "a@x.test|b@x.test ?a@x.test ?x.test|b@x.test ?b@x.test"},
    {"mail", OCTETS("\xfc <a@x.test>"), "?a@x.test"},
    {"mail", OCTETS("\"a\"@x.test."), "?a@x.test"},
    {"mail", OCTETS("\"\\a\"@x.test"), "?a@x.test"},
    {"mail", OCTETS("j\xc3\xb6@x.test."), "?j\xc3\xb6@x.test"},
    {"mail", OCTETS("smtp:a@x.test"), "?a@x.test"},
    {"mail", OCTETS("mailto:a@x.test?subject=b"), "?a@x.test"},
    {"mail", OCTETS("E-Mail: a@x.test"), "?a@x.test"},
    {"mail", OCTETS("email:a@x.test"), "?a@x.test"},
    {"mail", OCTETS("RFC822:a@x.test"), "?a@x.test"},
    {"mail", OCTETS("smtp:@x.test"), "?@x.test"},
    {"proxyAddresses", OCTETS("a@x.test"), "?a@x.test"},
    {"proxyAddresses", OCTETS("@x.test"), "?@x.test"},
    {"proxyAddresses", OCTETS("smtp: a@x.test"), "?a@x.test"},
    {"proxyAddresses", OCTETS("smtp: @x.test"), "?@x.test"},
    {"proxyAddresses", OCTETS("smtp:<a@x.test>"), "?a@x.test"},
    {"proxyAddresses", OCTETS("mailto:a@x.test"), "?a@x.test"},
    /* nothing */
    {"mail", OCTETS(""), ""},
    {"mail", OCTETS("  "), ""},
    {"mail", OCTETS("a"), ""},
    {"mail", OCTETS("@"), ""},
    {"mail", OCTETS("@@@"), ""},
    {"mail", OCTETS("a@"), ""},
    {"mail", OCTETS("smtp:"), ""},
    {"mail", OCTETS("N <@x.test>"), ""},
    {"mail", OCTETS("j\xf6@x.test"), ""},
    {"mail", OCTETS("sip:a@x.test"), ""},
    {"proxyAddresses", OCTETS("sip:a@x.test"), ""},
    {"proxyAddresses", OCTETS("X500:/o=O/cn=a@x.test"), ""},
};

static void
a_value_says_what_it_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *text =
            read_value(rows[i].attribute, rows[i].value, rows[i].len);

        unit_row(strcmp(text, rows[i].found) == 0, "%s: %s: \"%s\"",
                 rows[i].attribute, rows[i].value, text);
    }
    unit_end();
}

/* A value that a search looks for is read as the address of that search. */
static void
each_form_is_read(void **state)
{
    static const char *const attributes[] = {"mail", "proxyAddresses"};

    (void)state;
    for (size_t a = 0; a < UNIT_COUNT(attributes); a++) {
        const struct sdr_value_form *form = sdr_value_forms(attributes[a]);

        for (; form->before != NULL; form++) {
            char value[64];

            snprintf(value, sizeof value, "%sa@x.test%s", form->before,
                     form->behind);
            unit_row(strstr(read_value(attributes[a], value, strlen(value)),
                            "a@x.test")
                         != NULL,
                     "%s: %s", attributes[a], value);
        }
    }
    unit_end();
}

/* The time grows linearly with the length. */
static void
a_value_may_be_long(void **state)
{
    static const char *const pieces[] = {
        "a@x.test, ", "\"", "\"\\", "@", "<", "a@", "a\xef\xbc\xa0", NBSP, "x"};
    enum { LENGTH = 1 << 19 };
    char *value = malloc(LENGTH);

    (void)state;
    assert_non_null(value);
    for (size_t i = 0; i < UNIT_COUNT(pieces); i++) {
        for (size_t n = 0; n < LENGTH; n++)
            value[n] = pieces[i][n % strlen(pieces[i])];
        unit_row((strstr(read_value("mail", value, LENGTH), "a@x.test") != NULL)
                     == (i == 0),
                 "%s: \"%s\"", pieces[i], found);
    }
    unit_end();
    free(value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_says_what_it_holds),
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(a_value_may_be_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
