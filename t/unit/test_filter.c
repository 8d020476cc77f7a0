/* test_filter.c - search filters, every value escaped
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/filter.h"

#include <strings.h>

#include "unit.h"

static const char *const one[] = {"mail"};
static const char *const two[] = {"sdrAddress", "mail"};

static struct sdr_directory_options
directory(const char *const *attributes, unsigned count, const char *filter)
{
    struct sdr_directory_options options = {.filter = filter};

    options.mapping.addresses.items = (const char **)(uintptr_t)attributes;
    options.mapping.addresses.count = count;
    return options;
}

/* The filter for the recipient alone. */
static char *
make(const struct sdr_directory_options *options, const char *recipient)
{
    struct sdr_keys keys = {.count = 1};

    assert_int_equal(sdr_address_parse(&keys.key[0], recipient), SDR_OK);
    return sdr_filter_keys(options, &keys);
}

/* Values that a server also finds, but that we do not accept as the address. */
#define OTHERS(text) "(mail=" text ".)(mail=<" text ">)(mail=smtp:" text ")"

static const struct {
    const char *recipient, *filter;
} rows[] = {
    {"alice@example.com", "(|(mail=alice@example.com)"
                          "(mail=\"alice\"@example.com)"
                          "(mail=alice@example.com.)"
                          "(mail=<alice@example.com>)"
                          "(mail=smtp:alice@example.com))"},
    {"*@b", "(|(mail=\\2A@b)(mail=\"\\2A\"@b)" OTHERS("\\2A@b") ")"},
    {"\"(\"@b", "(|(mail=\\28@b)(mail=\"\\28\"@b)" OTHERS("\\28@b") ")"},
    {"\")\"@b", "(|(mail=\\29@b)(mail=\"\\29\"@b)" OTHERS("\\29@b") ")"},
    {"\"\\\\\"@b", "(|(mail=\\5C@b)(mail=\"\\5C\\5C\"@b)" OTHERS("\\5C@b") ")"},
    {"\"a)(uid=*\"@b",
     "(|(mail=a\\29\\28uid=\\2A@b)(mail=\"a\\29\\28uid=\\2A\"@b)" OTHERS(
         "a\\29\\28uid=\\2A@b") ")"},
    {"\"\\\\2a\"@b",
     "(|(mail=\\5C2a@b)(mail=\"\\5C\\5C2a\"@b)" OTHERS("\\5C2a@b") ")"},
    {"a&b|c!d@e",
     "(|(mail=a&b|c!d@e)(mail=\"a&b|c!d\"@e)" OTHERS("a&b|c!d@e") ")"},
    {"a=b~c@e", "(|(mail=a=b~c@e)(mail=\"a=b~c\"@e)" OTHERS("a=b~c@e") ")"},
};

static void
values_are_escaped(void **state)
{
    struct sdr_directory_options options = directory(one, 1, NULL);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *filter = make(&options, rows[i].recipient);

        assert_non_null(filter);
        /* libldap decides the case of the digit in "\2A". */
        unit_row(strcasecmp(filter, rows[i].filter) == 0, "%s: %s",
                 rows[i].recipient, filter);
        free(filter);
    }
    unit_end();
}

#define BOTH "(|(mail=a@b)(mail=\"a\"@b)" OTHERS("a@b") "(mail=@b)" OTHERS("@b")

/* With the option catch-all, the catch-all has two names. */
static void
the_catch_all_has_another_name(void **state)
{
    static const struct {
        const char *catch_all, *filter;
    } rows_[] = {
        {NULL, BOTH ")"},
        {"catchall", BOTH
         "(mail=catchall@b)(mail=\"catchall\"@b)" OTHERS("catchall@b") ")"},
        {"*", BOTH "(mail=\\2A@b)(mail=\"\\2A\"@b)" OTHERS("\\2A@b") ")"},
    };
    struct sdr_directory_options options = directory(one, 1, NULL);
    struct sdr_keys keys = {.count = 2,
                            .key = {{"a", "a", "b"}, {"", "", "b"}}};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows_); i++) {
        char *filter;

        options.mapping.catch_all = rows_[i].catch_all;
        filter = sdr_filter_keys(&options, &keys);
        assert_non_null(filter);
        unit_row(strcasecmp(filter, rows_[i].filter) == 0, "%zu: %s", i,
                 filter);
        free(filter);
    }
    unit_end();
}

/* Each octet is a plain character, escaped, or part of UTF-8. */
static void
other_scripts_keep_their_octets(void **state)
{
    struct sdr_directory_options options = directory(one, 1, NULL);
    char *filter = make(&options, "j\xc3\xb6rg@b");

    (void)state;
    assert_non_null(filter);
    if (strstr(filter, "(mail=j\xc3\xb6rg@b)") == NULL)
        assert_non_null(strcasestr(filter, "(mail=j\\c3\\b6rg@b)"));
    free(filter);
}

static void
all_keys_attributes_and_spellings_are_there(void **state)
{
    static const char *const other[] = {"mail", "PROXYADDRESSES"};
    struct sdr_directory_options options = directory(other, 2, NULL);
    struct sdr_keys keys = {.count = 2};
    char *filter;

    (void)state;
    assert_int_equal(sdr_address_parse(&keys.key[0], "\"A b\"@c"), SDR_OK);
    assert_int_equal(sdr_address_read(&keys.key[1], "@c", 2), SDR_OK);
    filter = sdr_filter_keys(&options, &keys);
    assert_string_equal(
        filter,
        "(|(mail=a b@c)(mail=\"a b\"@c)" OTHERS(
            "a b@c") "(PROXYADDRESSES=smtp:a b@c)(PROXYADDRESSES=smtp:\"a "
                     "b\"@c)"
                     "(PROXYADDRESSES=smtp:a b@c.)(PROXYADDRESSES=smtp: a b@c)"
                     "(PROXYADDRESSES=smtp:<a b@c>)(PROXYADDRESSES=a b@c)"
                     "(PROXYADDRESSES=<a b@c>)"
                     "(mail=@c)" OTHERS(
                         "@c") "(PROXYADDRESSES=smtp:@c)(PROXYADDRESSES=smtp:@"
                               "c.)"
                               "(PROXYADDRESSES=smtp: "
                               "@c)(PROXYADDRESSES=smtp:<@c>)"
                               "(PROXYADDRESSES=@c)(PROXYADDRESSES=<@c>))");
    free(filter);
}

static void
the_directorys_own_filter_stands_beside_it(void **state)
{
    struct sdr_directory_options options =
        directory(one, 1, "(objectClass=inetOrgPerson)");
    char *filter = make(&options, "alice@b");

    (void)state;
    assert_string_equal(filter, "(&(objectClass=inetOrgPerson)(|(mail=alice@b)"
                                "(mail=\"alice\"@b)" OTHERS("alice@b") "))");
    free(filter);
}

/* The longest address, with every octet escaped. */
static void
the_longest_value_fits(void **state)
{
    struct sdr_directory_options options = directory(one, 1, NULL);
    char recipient[SDR_ADDRESS_MAX + 1];
    char *filter;

    (void)state;
    snprintf(recipient, sizeof recipient, "%s@%s.b",
             unit_repeat('*', SDR_LOCAL_MAX), unit_repeat('d', 63));
    filter = make(&options, recipient);
    assert_non_null(filter);
    assert_int_equal(strlen(filter),
                     strlen("(|(mail=@.b)" OTHERS("@.b") ")")
                         + 4 * ((size_t)SDR_LOCAL_MAX * 3 + 63));
    free(filter);
}

static void
presence(void **state)
{
    struct sdr_directory_options plain = directory(two, 2, NULL);
    struct sdr_directory_options own = directory(two, 2, "(a=b)");
    char *filter = sdr_filter_present(&plain, two, 2);

    (void)state;
    assert_string_equal(filter, "(|(sdrAddress=*)(mail=*))");
    free(filter);
    filter = sdr_filter_present(&own, two, 1);
    assert_string_equal(filter, "(&(a=b)(|(sdrAddress=*)))");
    free(filter);
    filter = sdr_filter_users(&own, two, 1);
    assert_string_equal(filter,
                        "(&(objectClass=user)(&(a=b)(|(sdrAddress=*))))");
    free(filter);
}

static void
definitions(void **state)
{
    static const char *const names[] = {"sdrOwner", "a)b"};
    char *filter = sdr_filter_definitions(names, 2);

    (void)state;
    assert_int_equal(strcasecmp(filter, "(&(objectClass=attributeSchema)(|"
                                        "(lDAPDisplayName=sdrOwner)"
                                        "(lDAPDisplayName=a\\29b)))"),
                     0);
    free(filter);
}

static void
groups(void **state)
{
    static const char *const dns[] = {"cn=a,dc=x", "cn=b\\, (c),dc=x"};
    const char *values[] = {"cn=a,dc=x", "hosted", "cn=b,dc=x"};
    struct sdr_list outer = {values, 3};
    struct sdr_directory_options own = directory(one, 1, "(a=b)");
    char *filter = sdr_filter_groups_in(dns, 2);

    (void)state;
    assert_non_null(strstr(filter, "(|(memberOf=cn=a,dc=x)"
                                   "(memberOf=cn=b\\5C, \\28c\\29,dc=x)))"));
    free(filter);
    filter = sdr_filter_only_in(&own, dns[0], &outer);
    assert_string_equal(filter,
                        "(&(&(a=b)(|(mail=*)))(memberOf=cn=a,dc=x)"
                        "(!(|(memberOf=cn=a,dc=x)(memberOf=cn=b,dc=x))))");
    free(filter);
}

static void
one_value(void **state)
{
    struct sdr_directory_options options = directory(one, 1, NULL);
    char *filter = sdr_filter_value(&options, "mail", "*(x)@b junk", 6);

    (void)state;
    assert_int_equal(strcasecmp(filter, "(|(mail=\\2A\\28x\\29@b))"), 0);
    free(filter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(the_catch_all_has_another_name),
        cmocka_unit_test(other_scripts_keep_their_octets),
        cmocka_unit_test(all_keys_attributes_and_spellings_are_there),
        cmocka_unit_test(the_directorys_own_filter_stands_beside_it),
        cmocka_unit_test(the_longest_value_fits),
        cmocka_unit_test(presence),
        cmocka_unit_test(definitions),
        cmocka_unit_test(groups),
        cmocka_unit_test(one_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
