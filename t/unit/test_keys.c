/* test_keys.c - the keys of a recipient, and what a site without extensions
 * gets SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/keys.h"

#include "unit.h"

#define TAG "0123ABCDEF"

static struct sdr_keys
keys_of(const char *text, const char *delimiters)
{
    struct sdr_address address;
    struct sdr_keys keys;

    assert_int_equal(sdr_address_parse(&address, text), SDR_OK);
    sdr_keys_make(&keys, &address, address.domain, delimiters);
    return keys;
}

/* The local parts of the keys, separated by blanks, without the catch-all,
 * which is always the last. */
static const char *
join(const struct sdr_keys *keys)
{
    static char text[SDR_KEYS_MAX * (SDR_LOCAL_MAX + 2)];

    text[0] = '\0';
    for (unsigned i = 0; i + 1 < keys->count; i++) {
        strcat(text, i == 0 ? "" : " ");
        strcat(text, keys->key[i].local);
    }
    return text;
}

/* Each address, and its keys from the strongest. */
static const struct {
    const char *text, *delimiters, *keys;
} ordered[] = {
    {"alice@b", "+", "alice"},
    {"Alice+News@B", "+", "Alice+News Alice"},
    {"alice+news@b", "", "alice+news"},
    {"alice+news@b", "-", "alice+news"},
    {"alice+@b", "+", "alice+ alice"},
    {"alice++x@b", "+", "alice++x alice+ alice"},
    {"alice+a+b@c", "+", "alice+a+b alice+a alice"},
    {"mary-ann+news@b", "+-", "mary-ann+news mary-ann mary"},
    {"mary-ann+news@b", "-+", "mary-ann+news mary-ann mary"},
    {"mary-ann+news@b", "+", "mary-ann+news mary-ann"},
    {"mary-ann+news@b", "-", "mary-ann+news mary"},
    {"mary+news-ann@b", "+-", "mary+news-ann mary+news mary"},
    /* the remainder would be empty */
    {"+news@b", "+", "+news"},
    {"+@b", "+", "+"},
    {"++@b", "+", "++ +"},
    {"+a+b@c", "+", "+a+b +a"},
    {"\"\"@c", "+", "\"\""},
    /* quoted */
    {"\"alice+news\"@c", "+", "\"alice+news\" alice"},
    {"\"alice\\+news\"@c", "+", "\"alice\\+news\" alice"},
    {"\"al ice+x\"@c", "+", "\"al ice+x\" \"al ice\""},
    {"\"a@b+c\"@d", "+", "\"a@b+c\" \"a@b\""},
    {"\"a\\\"b+c\"@d", "+", "\"a\\\"b+c\" \"a\\\"b\""},
    {"\"a\\\"\"@d", "\\", "\"a\\\"\""},
    {"a.+x@d", "+", "a.+x \"a.\""},
    {"\xc3\xb6+x@c", "+", "\xc3\xb6+x \xc3\xb6"},
    /* too many delimiters: the longest remainders, and the shortest */
    {"a-b-c-d-e-f-g-h-i@x", "-",
     "a-b-c-d-e-f-g-h-i a-b-c-d-e-f-g-h a-b-c-d-e-f-g a-b-c-d-e-f "
     "a-b-c-d-e a-b-c-d a-b-c a-b a"},
    {"a-b-c-d-e-f-g-h-i-j+k@x", "-+",
     "a-b-c-d-e-f-g-h-i-j+k a-b-c-d-e-f-g-h-i-j a-b-c-d-e-f-g-h-i "
     "a-b-c-d-e-f-g-h a-b-c-d-e-f-g a-b-c-d-e-f a-b-c-d-e a-b-c-d a"},
    /* behind a tag */
    {"prvs=" TAG "=alice@b", "+", "prvs=" TAG "=alice alice"},
    {"PRVS=" TAG "=Alice@b", "+", "PRVS=" TAG "=Alice Alice"},
    {"prvs=" TAG "=alice+x@b", "+",
     "prvs=" TAG "=alice+x prvs=" TAG "=alice alice+x alice"},
    {"prvs=" TAG "=mary-ann+x@b", "+-",
     "prvs=" TAG "=mary-ann+x prvs=" TAG "=mary-ann prvs=" TAG
     "=mary mary-ann+x mary-ann mary"},
    {"btv1==1234ab==alice@b", "+", "btv1==1234ab==alice alice"},
    {"msprvs1=1AbC-d=alice@b", "", "msprvs1=1AbC-d=alice alice"},
    {"prvs=alice/" TAG "@b", "+", "prvs=alice/" TAG " alice"},
    {"prvs=alice+x/" TAG "@b", "+",
     "prvs=alice+x/" TAG " prvs=alice alice+x alice"},
    {"\"prvs=" TAG "=al ice\"@b", "+", "\"prvs=" TAG "=al ice\" \"al ice\""},
    {"prvs=" TAG "=a=b@c", "+", "prvs=" TAG "=a=b a=b"},
    {"prvs=" TAG "=+x@c", "+", "prvs=" TAG "=+x prvs=" TAG "= +x"},
    /* no tag */
    {"prvs@b", "+", "prvs"},
    {"prvs=" TAG "@b", "+", "prvs=" TAG},
    {"prvs==alice@b", "+", "prvs==alice"},
    {"prvs=a_b=alice@b", "+", "prvs=a_b=alice"},
    {"prvs=" TAG "=@b", "+", "prvs=" TAG "="},
    {"prvs=alice/0123@b", "+", "prvs=alice/0123"},
    {"prvs=/" TAG "@b", "+", "prvs=/" TAG},
    {"btv1=1234=alice@b", "+", "btv1=1234=alice"},
    {"btv1==1234=alice@b", "+", "btv1==1234=alice"},
    {"xprvs=" TAG "=alice@b", "+", "xprvs=" TAG "=alice"},
    {"SRS0=HHH=TT=outside.test=alice@b", "+", "SRS0=HHH=TT=outside.test=alice"},
};

static void
keys_are_ordered_from_the_strongest(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ordered); i++) {
        struct sdr_keys keys = keys_of(ordered[i].text, ordered[i].delimiters);
        const struct sdr_address *last = &keys.key[keys.count - 1];

        unit_row(strcmp(join(&keys), ordered[i].keys) == 0
                     && last->local[0] == '\0' && last->folded[0] == '\0'
                     && strcmp(last->domain, keys.key[0].domain) == 0,
                 "%s by %s: %s", ordered[i].text, ordered[i].delimiters,
                 join(&keys));
    }
    unit_end();
}

static void
there_is_room_for_the_most_keys(void **state)
{
    char text[SDR_ADDRESS_MAX + 1];
    struct sdr_keys keys;

    (void)state;
    snprintf(text, sizeof text, "prvs=" TAG "=%s@b", unit_repeat('+', 200));
    keys = keys_of(text, "+");
    assert_int_equal(keys.count, SDR_KEYS_MAX);
    for (unsigned i = 0; i < keys.count; i++)
        assert_string_equal(keys.key[i].domain, "b");
}

/* KEY counts from the full address; -1 is the catch-all. */
static void
the_extension_that_the_key_leaves_out_is_stripped(void **state)
{
    static const struct {
        const char *text, *delimiters;
        int key;
        const char *local;
    } rows[] = {
        {"Alice@b", "+", 0, "Alice"},
        {"Alice@b", "+", -1, "Alice"},
        {"alice+x@b", "+", 0, "alice+x"},
        {"alice+x@b", "+", 1, "alice"},
        {"alice+x@b", "+", -1, "alice"},
        {"mary-ann+news@b", "+-", 0, "mary-ann+news"},
        {"mary-ann+news@b", "+-", 1, "mary-ann"},
        {"mary-ann+news@b", "+-", 2, "mary"},
        {"mary-ann+news@b", "+-", -1, "mary"},
        {"\"al ice+x\"@b", "+", 1, "\"al ice\""},
        {"\"alice+x y\"@b", "+", 1, "alice"},
        {"\"al\\ice\"@b", "+", 0, "\"al\\ice\""},
        {"prvs=" TAG "=alice+x@b", "+", 1, "prvs=" TAG "=alice"},
        {"prvs=" TAG "=alice+x@b", "+", 2, "prvs=" TAG "=alice+x"},
        {"prvs=" TAG "=alice+x@b", "+", 3, "prvs=" TAG "=alice"},
        {"prvs=" TAG "=alice+x@b", "+", -1, "prvs=" TAG "=alice"},
        {"prvs=alice+x/" TAG "@b", "+", 3, "prvs=alice/" TAG},
        {"prvs=" TAG "=alice@b", "+", 1, "prvs=" TAG "=alice"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_keys keys = keys_of(rows[i].text, rows[i].delimiters);
        unsigned key = rows[i].key < 0 ? keys.count - 1 : (unsigned)rows[i].key;
        char local[SDR_LOCAL_MAX + 1];

        assert_true(key < keys.count);
        sdr_keys_strip(&keys, key, local);
        unit_row(strcmp(local, rows[i].local) == 0, "%s, key %d: %s",
                 rows[i].text, rows[i].key, local);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_ordered_from_the_strongest),
        cmocka_unit_test(there_is_room_for_the_most_keys),
        cmocka_unit_test(the_extension_that_the_key_leaves_out_is_stripped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
