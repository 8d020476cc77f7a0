/* test_entry.c - an entry as the replica keeps it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/entry.h"

#include "unit.h"

static const unsigned char id[SDR_RECORD_ID_SIZE] = "0123456789abcdef";

#define DN "uid=alice,dc=example,dc=com"

/* Two directories, of the profiles sdr and exchange. */
enum { CORP, HYBRID };

static const char conf[] = UNIT_CONF "[domain example.org]\n"
                                     "[directory hybrid]\n"
                                     "uri = @URI@\n"
                                     "search-base = dc=hybrid\n"
                                     "default-owner = cloud\n"
                                     "profile = exchange\n";

static struct sdr_config *config;

/* ---- making an entry ---- */

#define VALUES_MAX 4

struct value {
    const char *attribute, *text;
};

/* Returns the finished entry, which the caller clears. */
static struct entry
make(unsigned directory, const char *dn, const struct value *values)
{
    struct entry entry;

    entry_begin(&entry, config, directory, id, dn);
    for (unsigned i = 0; i < VALUES_MAX && values[i].attribute != NULL; i++)
        entry_value(&entry, values[i].attribute, values[i].text,
                    strlen(values[i].text));
    assert_true(entry_end(&entry));
    return entry;
}

/* True if the entry is found by exactly these addresses, in any order. */
static bool
has_keys(const struct entry *entry, unsigned directory,
         const struct value *addresses)
{
    struct entry_view view;
    struct entry_key key, last;
    unsigned count = 0, wanted = 0;

    while (wanted < VALUES_MAX && addresses[wanted].attribute != NULL)
        wanted++;
    assert_true(entry_read(&view, entry->octets, entry->len));
    for (; entry_next_key(&view, &key); last = key, count++) {
        bool known = false;

        if (count > 0 && entry_key_compare(&last, &key) >= 0)
            return false;
        for (unsigned i = 0; i < wanted; i++) {
            struct entry_key expected;
            struct sdr_address address;

            assert_int_equal(sdr_address_read(&address, addresses[i].text,
                                              strlen(addresses[i].text)),
                             SDR_OK);
            sdr_record_key(&expected.key, directory, &address);
            known |= entry_key_compare(&expected, &key) == 0
                     && addresses[i].attribute[0] == '0' + key.strength;
        }
        if (!known)
            return false;
    }
    return view.keys_len == 0 && count == wanted;
}

/* ---- addresses ---- */

static const struct {
    unsigned directory;
    struct value values[VALUES_MAX];
    struct value keys[VALUES_MAX]; /* strength, address */
} keyings[] = {
    {CORP, {{"uid", "alice"}}, {{NULL, NULL}}},
    {CORP, {{"mail", "alice@example.com"}}, {{"1", "alice@example.com"}}},
    {CORP,
     {{"MAIL;lang-en", "Alice@EXAMPLE.com"}},
     {{"1", "alice@example.com"}}},
    {CORP, {{"mail", "@example.com"}}, {{"1", "@example.com"}}},
    /* all of them, each by its strongest attribute */
    {CORP,
     {{"mailLocalAddress", "alice@example.com"},
      {"mail", "a@example.org"},
      {"sdrAddress", "b@example.com"}},
     {{"2", "alice@example.com"},
      {"1", "a@example.org"},
      {"0", "b@example.com"}}},
    {CORP,
     {{"mailLocalAddress", "a@example.com"},
      {"mail", "A@example.com"},
      {"mail", "a@example.com"}},
     {{"1", "a@example.com"}}},
    {CORP,
     {{"mail", "a@example.com"}, {"mailLocalAddress", "A@example.com"}},
     {{"1", "a@example.com"}}},
    /* addresses outside split domains are never looked up */
    {CORP,
     {{"mail", "alice@elsewhere.example"},
      {"mail", "alice@hosted.example.com"},
      {"mail", "alice@tenant.example.org"}},
     {{NULL, NULL}}},
    {CORP, {{"mail", "nonsense"}, {"mail", ""}}, {{NULL, NULL}}},
    {HYBRID,
     {{"proxyAddresses", "SMTP:a@example.com"},
      {"proxyAddresses", "smtp:b@example.com"},
      {"proxyAddresses", "x400:c@example.com"},
      {"mail", "a@example.com"}},
     {{"0", "a@example.com"}, {"0", "b@example.com"}}},
};

static void
it_is_found_by_its_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(keyings); i++) {
        struct entry entry = make(keyings[i].directory, DN, keyings[i].values);

        unit_row(has_keys(&entry, keyings[i].directory, keyings[i].keys),
                 "%zu: %zu keys", i, entry.key_count);
        entry_clear(&entry);
    }
    unit_end();
}

/* Comparing all pairs would take far too long. */
enum { MANY = 100000 };

static void
it_may_have_many_addresses(void **state)
{
    struct entry entry;
    struct entry_view view;
    struct entry_key key, last;
    unsigned count = 0;

    (void)state;
    entry_begin(&entry, config, CORP, id, DN);
    for (int i = 0; i < 2 * MANY; i++) {
        char text[64];

        snprintf(text, sizeof text, "alias%d@example.com", i % MANY);
        entry_value(&entry, i < MANY ? "mail" : "sdrAddress", text,
                    strlen(text));
    }
    assert_true(entry_end(&entry));
    assert_true(entry_read(&view, entry.octets, entry.len));
    for (; entry_next_key(&view, &key); last = key, count++) {
        assert_true(count == 0 || entry_key_compare(&last, &key) < 0);
        assert_int_equal(key.strength, 0);
    }
    assert_int_equal(count, MANY);
    entry_clear(&entry);
}

/* ---- facts ---- */

static const struct {
    unsigned directory;
    struct value values[VALUES_MAX];
    struct sdr_facts facts;
} sayings[] = {
    {CORP, {{"uid", "alice"}}, {.owners = ONPREM, .by_default = true}},
    {HYBRID, {{"uid", "alice"}}, {.owners = CLOUD, .by_default = true}},
    {CORP, {{"sdrOwner", "MX.hosted.example.net"}}, {.owners = HOSTED}},
    {CORP,
     {{"sdrOwner", "cloud"}, {"sdrOwner", "onprem"}},
     {.owners = ONPREM | CLOUD}},
    {CORP, {{"sdrOwner", "gone"}}, {.foreign_owner = true}},
    {CORP,
     {{"sdrOwner", "gone"}, {"sdrOwner", "cloud"}},
     {.foreign_owner = true, .owners = CLOUD}},
    {CORP,
     {{"sdrHold", "TRUE"}},
     {.owners = ONPREM, .by_default = true, .hold = true}},
    {CORP,
     {{"sdrRoutingAddress", "a@hosted.example.com"}},
     {.owners = HOSTED, .has_routing = true, .routing_site = 1}},
    {CORP,
     {{"sdrRoutingAddress", "a@elsewhere.example"}},
     {.owners = ONPREM, .by_default = true, .outside = true}},
    {CORP,
     {{"sdrRoutingAddress", "nonsense"}},
     {.owners = ONPREM, .by_default = true, .bad_routing = true}},
};

static void
it_says_what_the_directory_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sayings); i++) {
        const struct sdr_facts *f = &sayings[i].facts;
        struct entry entry = make(sayings[i].directory, DN, sayings[i].values);
        struct entry_view view;
        struct sdr_facts facts;

        unit_row(entry_read(&view, entry.octets, entry.len)
                     && strcmp(view.dn, DN) == 0 && entry_facts(&view, &facts)
                     && facts.owners == f->owners && facts.hold == f->hold
                     && facts.foreign_owner == f->foreign_owner
                     && facts.bad_routing == f->bad_routing
                     && facts.outside == f->outside
                     && facts.by_default == f->by_default
                     && facts.has_routing == f->has_routing
                     && (!facts.has_routing
                         || facts.routing_site == f->routing_site),
                 "%zu: owners %u", i, facts.owners);
        entry_clear(&entry);
    }
    unit_end();
}

/* ---- equal entries ---- */

static const struct {
    const char *what;
    struct value a[VALUES_MAX], b[VALUES_MAX];
    bool same;
} pairs[] = {
    {"the order of values",
     {{"mail", "a@example.com"},
      {"sdrOwner", "cloud"},
      {"mail", "b@example.com"}},
     {{"mail", "b@example.com"},
      {"mail", "a@example.com"},
      {"sdrOwner", "cloud"}},
     true},
    {"the order of attributes of one address",
     {{"mail", "a@example.com"}, {"sdrAddress", "a@example.com"}},
     {{"sdrAddress", "a@example.com"}, {"mail", "a@example.com"}},
     true},
    {"the order of owners",
     {{"sdrOwner", "cloud"}, {"sdrOwner", "hosted"}},
     {{"sdrOwner", "hosted"}, {"sdrOwner", "cloud"}},
     true},
    {"what is not read",
     {{"mail", "a@example.com"}, {"cn", "Alice"}},
     {{"mail", "a@example.com"}, {"cn", "Alicia"}, {"mail", "a@x.example"}},
     true},
    {"spelling of an address",
     {{"mail", "a@example.com"}},
     {{"mail", "A@EXAMPLE.com"}},
     true},
    {"spelling of an owner",
     {{"sdrOwner", "hosted"}},
     {{"sdrOwner", "MX.HOSTED.example.net"}},
     true},
    {"an address",
     {{"mail", "a@example.com"}},
     {{"mail", "b@example.com"}},
     false},
    {"one more address",
     {{"mail", "a@example.com"}},
     {{"mail", "a@example.com"}, {"mail", "b@example.com"}},
     false},
    {"an attribute",
     {{"mail", "a@example.com"}},
     {{"sdrAddress", "a@example.com"}},
     false},
    {"an owner", {{"sdrOwner", "hosted"}}, {{"sdrOwner", "cloud"}}, false},
    {"an owner that is the default",
     {{"sdrOwner", "onprem"}},
     {{"uid", "a"}},
     false},
    {"a hold", {{"sdrHold", "TRUE"}}, {{"sdrHold", "FALSE"}}, false},
    /* mail is sent to the address as written */
    {"spelling of a routing address",
     {{"sdrRoutingAddress", "a@hosted.example.com"}},
     {{"sdrRoutingAddress", "A@hosted.example.com"}},
     false},
};

static bool
same(const struct entry *a, const struct entry *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

static void
two_that_mean_the_same_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
        struct entry a = make(CORP, DN, pairs[i].a);
        struct entry b = make(CORP, DN, pairs[i].b);

        unit_row(same(&a, &b) == pairs[i].same, "%s", pairs[i].what);
        entry_clear(&a);
        entry_clear(&b);
    }
    unit_end();
}

static void
another_name_is_another_entry(void **state)
{
    static const struct value values[VALUES_MAX] = {{"mail", "a@example.com"}};
    struct entry a = make(CORP, DN, values);
    struct entry b = make(CORP, "uid=bob,dc=example,dc=com", values);

    (void)state;
    assert_false(same(&a, &b));
    entry_clear(&a);
    entry_clear(&b);
}

/* ---- hostile octets ---- */

/* Read everything; returns true if the end was reached. */
static bool
read_all(const unsigned char *octets, size_t len)
{
    struct entry_view view;
    struct entry_key key;
    struct sdr_facts facts;

    if (!entry_read(&view, octets, len) || !entry_facts(&view, &facts))
        return false;
    while (entry_next_key(&view, &key))
        continue;
    return view.keys_len == 0;
}

static const struct value whole[VALUES_MAX] = {
    {"mail", "a@example.com"},
    {"mail", "b@example.com"},
    {"sdrRoutingAddress", "a@hosted.example.com"},
};

static void
what_is_cut_short_is_not_read_beyond(void **state)
{
    struct entry entry = make(CORP, DN, whole);
    unsigned complete = 0;

    (void)state;
    for (size_t n = 0; n < entry.len; n++) {
        unsigned char *block = unit_copy(entry.octets, n);

        complete += read_all(block, n);
        free(block);
    }
    /* cut between keys: without any, and with only the first */
    assert_int_equal(complete, 2);
    assert_true(read_all(entry.octets, entry.len));
    entry_clear(&entry);
}

static void
hostile_octets_stay_within_their_bounds(void **state)
{
    struct entry entry = make(CORP, DN, whole);

    (void)state;
    for (size_t i = 0; i < entry.len; i++) {
        for (unsigned value = 0; value <= 255; value++) {
            unsigned char *block = unit_copy(entry.octets, entry.len);

            block[i] = (unsigned char)value;
            read_all(block, entry.len);
            free(block);
        }
    }
    entry_clear(&entry);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_found_by_its_addresses),
        cmocka_unit_test(it_may_have_many_addresses),
        cmocka_unit_test(it_says_what_the_directory_says),
        cmocka_unit_test(two_that_mean_the_same_are_the_same),
        cmocka_unit_test(another_name_is_another_entry),
        cmocka_unit_test(what_is_cut_short_is_not_read_beyond),
        cmocka_unit_test(hostile_octets_stay_within_their_bounds),
    };
    int wrong;

    config = unit_config(conf);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
