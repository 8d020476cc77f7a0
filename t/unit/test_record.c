/* test_record.c - records and keys of the replica, as octets
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/record.h"

#include "unit.h"

static const unsigned char id[SDR_RECORD_ID_SIZE] = "0123456789abcdef";

/* ---- records ---- */

static const struct {
    const char *what;
    struct sdr_facts facts;
    const char *routing; /* NULL: none */
} rows[] = {
    {"nothing", {.strength = 0}, NULL},
    {"all owners", {.owners = UINT32_MAX}, NULL},
    {"the last site", {.owners = (sdr_sites)1 << 31}, NULL},
    {"the last attribute", {.strength = 127}, NULL},
    {"what could not be read", {.strength = 127, .unreadable = true}, NULL},
    {"hold", {.hold = true}, NULL},
    {"foreign owner", {.foreign_owner = true}, NULL},
    {"bad routing", {.bad_routing = true}, NULL},
    {"outside", {.outside = true}, NULL},
    {"by default", {.by_default = true}, NULL},
    {"everything wrong",
     {.hold = true,
      .foreign_owner = true,
      .bad_routing = true,
      .outside = true,
      .by_default = true},
     NULL},
    {"a routing address", {.routing_site = 31}, "a@hosted.example.com"},
    {"one in a split domain", {.in_split = true}, "a@example.com"},
    {"one outside every site", {.forward = true}, "a@elsewhere.example"},
    {"in capitals", {.owners = HOSTED}, "A.B@hosted.example.com"},
    {"quoted", {.owners = HOSTED}, "\"a b\"@hosted.example.com"},
    {"an at sign in it", {.owners = HOSTED}, "\"a@b\"@hosted.example.com"},
    {"quotes in it", {.owners = HOSTED}, "\"\\\"\\\\\"@hosted.example.com"},
    {"UTF-8", {.owners = HOSTED}, "M\xc3\xbcller@m\xc3\xbcll.example"},
};

static bool
same(const struct sdr_facts *a, const struct sdr_facts *b)
{
    return a->strength == b->strength && a->unreadable == b->unreadable
           && a->owners == b->owners && a->hold == b->hold
           && a->foreign_owner == b->foreign_owner
           && a->bad_routing == b->bad_routing && a->outside == b->outside
           && a->by_default == b->by_default && a->has_routing == b->has_routing
           && a->in_split == b->in_split && a->forward == b->forward
           && (!sdr_facts_has_address(a)
               || (a->routing_site == b->routing_site
                   && strcmp(a->routing.local, b->routing.local) == 0
                   && sdr_address_same(&a->routing, &b->routing)));
}

static void
set_routing(struct sdr_facts *facts, const char *text)
{
    facts->has_routing = text != NULL && !facts->in_split && !facts->forward;
    if (text != NULL)
        assert_int_equal(sdr_address_parse(&facts->routing, text), SDR_OK);
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_facts facts = rows[i].facts, back;
        unsigned char out[SDR_RECORD_MAX], found[SDR_RECORD_ID_SIZE], *block;
        const unsigned char *at;
        size_t left;
        bool ok;

        set_routing(&facts, rows[i].routing);
        left = sdr_record_write(out, id, &facts);
        at = block = unit_copy(out, left);
        memset(&back, 0xff, sizeof back);
        ok = sdr_record_read(&at, &left, found, &back);
        unit_row(ok && left == 0 && memcmp(found, id, sizeof id) == 0
                     && same(&facts, &back) && !back.disagree,
                 "%s", rows[i].what);
        free(block);
    }
    unit_end();
}

static void
the_longest_routing_address_fits(void **state)
{
    struct sdr_facts facts = {.has_routing = true}, back;
    unsigned char out[SDR_RECORD_MAX], found[SDR_RECORD_ID_SIZE];
    const unsigned char *at = out;
    size_t left;

    (void)state;
    memset(facts.routing.local, 'l', SDR_LOCAL_MAX);
    snprintf(facts.routing.domain, sizeof facts.routing.domain, "%s.%s.%s.%s",
             unit_repeat('a', 63), unit_repeat('b', 63), unit_repeat('c', 63),
             unit_repeat('d', 61));
    left = sdr_record_write(out, id, &facts);
    assert_true(left <= sizeof out);
    assert_true(sdr_record_read(&at, &left, found, &back));
    assert_int_equal(left, 0);
    assert_string_equal(back.routing.local, facts.routing.local);
    assert_string_equal(back.routing.domain, facts.routing.domain);
}

static void
several_are_read_one_by_one(void **state)
{
    unsigned char out[UNIT_COUNT(rows) * SDR_RECORD_MAX];
    const unsigned char *at = out;
    size_t left = 0, n = 0;
    unsigned char found[SDR_RECORD_ID_SIZE];
    struct sdr_facts back;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_facts facts = rows[i].facts;

        set_routing(&facts, rows[i].routing);
        left += sdr_record_write(out + left, id, &facts);
    }
    while (sdr_record_read(&at, &left, found, &back)) {
        struct sdr_facts facts = rows[n].facts;

        set_routing(&facts, rows[n].routing);
        unit_row(same(&facts, &back), "%s", rows[n].what);
        n++;
    }
    unit_row(n == UNIT_COUNT(rows) && left == 0, "%zu, %zu left", n, left);
    unit_end();
}

static void
what_is_cut_short_is_no_record(void **state)
{
    struct sdr_facts facts = {.owners = HOSTED}, back;
    unsigned char out[SDR_RECORD_MAX], found[SDR_RECORD_ID_SIZE];
    size_t len;

    (void)state;
    set_routing(&facts, "alice@hosted.example.com");
    len = sdr_record_write(out, id, &facts);
    for (size_t n = 0; n < len; n++) {
        unsigned char *block = unit_copy(out, n);
        const unsigned char *at = block;
        size_t left = n;

        unit_row(!sdr_record_read(&at, &left, found, &back) && at == block
                     && left == n,
                 "%zu of %zu octets", n, len);
        free(block);
    }
    unit_end();
}

/* Whatever the octets are, reading never passes the end of the block, and each
 * accepted record advances. */
static void
hostile_octets_stay_within_their_bounds(void **state)
{
    struct sdr_facts facts = {.owners = HOSTED}, back;
    unsigned char out[SDR_RECORD_MAX], found[SDR_RECORD_ID_SIZE];
    size_t len;

    (void)state;
    set_routing(&facts, "alice@hosted.example.com");
    len = sdr_record_write(out, id, &facts);
    for (size_t i = 0; i < len; i++) {
        for (unsigned value = 0; value <= 255; value++) {
            unsigned char *block = unit_copy(out, len);
            const unsigned char *at = block;
            size_t left = len, before = len;

            block[i] = (unsigned char)value;
            while (sdr_record_read(&at, &left, found, &back)) {
                unit_row(left < before && at + left == block + len,
                         "octet %zu is %u", i, value);
                before = left;
            }
            free(block);
        }
    }
    unit_end();
}

static void
noise_stays_within_its_bounds(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = i % 600, left = len;
        unsigned char *block = malloc(len + 1), found[SDR_RECORD_ID_SIZE];
        const unsigned char *at = block;
        struct sdr_facts back;

        assert_non_null(block);
        for (size_t k = 0; k < len; k++)
            block[k] =
                (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
        if (len > 1)
            block[1] = 0; /* sizes that may be right */
        block = realloc(block, len > 0 ? len : 1);
        at = block;
        while (sdr_record_read(&at, &left, found, &back))
            continue;
        free(block);
    }
}

/* ---- keys ---- */

static struct sdr_record_key
key_of(unsigned directory, const char *text)
{
    struct sdr_record_key key;
    struct sdr_address address;

    memset(&key, 0xff, sizeof key);
    assert_int_equal(sdr_address_read(&address, text, strlen(text)), SDR_OK);
    sdr_record_key(&key, directory, &address);
    return key;
}

static bool
equal(const struct sdr_record_key *a, const struct sdr_record_key *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

static const struct {
    const char *a, *b;
    bool same;
} pairs[] = {
    {"alice@example.com", "alice@example.com", true},
    {"alice@example.com", "ALICE@Example.COM", true},
    {"alice@example.com", "\"alice\"@example.com.", true},
    {"\"al ice\"@example.com", "al ice@example.com", true},
    {"m\xc3\xbcller@b\xc3\xbc"
     "cher.example",
     "M\xc3\x9cLLER@xn--bcher-kva.example", true},
    {"mu\xcc\x88ller@example.com", "m\xc3\xbcller@example.com", true},
    {"alice@example.com", "alice@example.org", false},
    {"alice@example.com", "alic@example.com", false},
    {"alice@example.com", "@example.com", false},
    {"@example.com", "@EXAMPLE.com", true},
    {"@example.com", "@example.org", false},
    /* the catch-all is not the mailbox "" */
    {"@example.com", "\"\"@example.com", false},
    {"\"*\"@example.com", "@example.com", false},
    /* the end of the local part */
    {"\"a@b\"@example.com", "a@b", false},
    {"\"a@example.com\"@b", "a@example.com", false},
};

static void
keys_are_equal_when_addresses_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
        struct sdr_record_key a = key_of(0, pairs[i].a);
        struct sdr_record_key b = key_of(0, pairs[i].b);

        unit_row(equal(&a, &b) == pairs[i].same, "%s, %s", pairs[i].a,
                 pairs[i].b);
    }
    unit_end();
}

static void
each_directory_has_its_own(void **state)
{
    struct sdr_record_key a = key_of(0, "alice@example.com");
    struct sdr_record_key b = key_of(1, "alice@example.com");

    (void)state;
    assert_false(equal(&a, &b));
    assert_int_equal(a.octets[0], 0);
    assert_int_equal(b.octets[0], 1);
    assert_int_equal(key_of(255, "@example.com").octets[0], 255);
}

/* An address of this length, its local part ended by END. */
static struct sdr_record_key
long_key(size_t local, char end)
{
    struct sdr_address address = {.local = "x"};
    struct sdr_record_key key;

    memset(address.folded, 'l', local);
    address.folded[local - 1] = end;
    snprintf(address.domain, sizeof address.domain, "%s.%s.%s.%s",
             unit_repeat('a', 63), unit_repeat('b', 63), unit_repeat('c', 63),
             unit_repeat('d', 61));
    sdr_record_key(&key, 0, &address);
    return key;
}

/* Directory, kind, local part, at sign, domain of 253 octets: one of 255 is
 * the first that does not fit. */
static void
long_addresses_have_keys_too(void **state)
{
    (void)state;
    for (size_t local = 250; local <= SDR_LOCAL_MAX; local++) {
        struct sdr_record_key a = long_key(local, 'a'),
                              b = long_key(local, 'b');
        struct sdr_record_key again = long_key(local, 'a');
        struct sdr_record_key other = long_key(local - 1, 'a');
        size_t whole = 3 + local + 253;

        unit_row(
            a.len == (whole < SDR_RECORD_KEY_MAX ? whole : SDR_RECORD_KEY_MAX)
                && equal(&a, &again) && !equal(&a, &b) && !equal(&a, &other),
            "local part of %zu: %zu", local, a.len);
    }
    unit_end();
}

/* These structures are in files: a compiler must not change their layout
 * unnoticed. */
static void
what_is_on_disk_has_no_gaps(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct sdr_record_state),
                     SDR_RECORD_FINGERPRINT + 4 * 8 + 2 * 4);
    assert_int_equal(sizeof(struct sdr_record_status), 7 * 8 + 16 + 256 + 256);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_longest_routing_address_fits),
        cmocka_unit_test(several_are_read_one_by_one),
        cmocka_unit_test(what_is_cut_short_is_no_record),
        cmocka_unit_test(hostile_octets_stay_within_their_bounds),
        cmocka_unit_test(noise_stays_within_its_bounds),
        cmocka_unit_test(keys_are_equal_when_addresses_are),
        cmocka_unit_test(each_directory_has_its_own),
        cmocka_unit_test(long_addresses_have_keys_too),
        cmocka_unit_test(what_is_on_disk_has_no_gaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
