/* test_profile.c - which attributes mean what, and entries read by that
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/profile.h"

#include "unit.h"

static struct sdr_config *config;

/* alice+news@example.com, with its extension */
static struct sdr_keys keys = {.count = 3};

static int
load(void **state)
{
    (void)state;
    config = unit_config(UNIT_CONF);
    return sdr_address_parse(&keys.key[0], "alice+news@example.com")
           || sdr_address_parse(&keys.key[1], "alice@example.com")
           || sdr_address_read(&keys.key[2], "@example.com", 12);
}

static int
unload(void **state)
{
    (void)state;
    sdr_config_free(&config);
    return 0;
}

/* ---- sdr_profile_map() ---- */

/* The names in the list, each with a blank behind it. */
static const char *
join(const struct sdr_list *list)
{
    static char text[256];

    text[0] = '\0';
    for (unsigned i = 0; i < list->count; i++) {
        strcat(text, list->items[i]);
        strcat(text, " ");
    }
    return text;
}

static void
the_profile_says_what_attributes_mean(void **state)
{
    const struct sdr_mapping *mapping = &config->directories[0].mapping;

    (void)state;
    assert_string_equal(join(&mapping->addresses),
                        "sdrAddress mail mailLocalAddress ");
    assert_false(mapping->explicit_addresses);
    assert_string_equal(mapping->owner, "sdrOwner");
    assert_string_equal(mapping->routing, "sdrRoutingAddress");
    assert_string_equal(mapping->hold, "sdrHold");
    assert_false(mapping->routing_wins);
    assert_false(mapping->contacts);
    assert_int_equal(mapping->outside, SDR_OUTSIDE_DEFERS);
}

static void
the_configuration_overrides_it(void **state)
{
    struct sdr_config *own = unit_config(
        UNIT_CONF "profile = SDR\n"
                  "address-attribute = proxyAddress\n"
                  "address-attribute = uid\n"
                  "owner-attribute = memberOf\n"
                  "routing-address-attribute = mailForwardingAddress\n"
                  "hold-attribute = locked\n"
                  "outside-target = redirect\n");
    const struct sdr_mapping *mapping = &own->directories[0].mapping;

    (void)state;
    assert_string_equal(join(&mapping->addresses), "proxyAddress uid ");
    assert_true(mapping->explicit_addresses);
    assert_string_equal(mapping->owner, "memberOf");
    assert_string_equal(mapping->routing, "mailForwardingAddress");
    assert_string_equal(mapping->hold, "locked");
    assert_int_equal(mapping->outside, SDR_OUTSIDE_REDIRECTS);
    sdr_config_free(&own);
}

static void
profiles_are_what_they_are_known_for(void **state)
{
    static const struct {
        const char *name, *addresses, *owner, *routing;
        bool routing_wins, contacts;
    } rows[] = {
        {"laser", "mailLocalAddress ", "mailHost", "mailRoutingAddress", true,
         false},
        {"exchange", "proxyAddresses mail ", "", "targetAddress", false, true},
        {"qmail", "mail mailAlternateAddress ", "mailHost", "", false, false},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_directory_options directory = {.profile = rows[i].name};
        const struct sdr_mapping *mapping = &directory.mapping;

        assert_true(sdr_profile_map(&directory));
        unit_row(strcmp(join(&mapping->addresses), rows[i].addresses) == 0
                     && strcmp(mapping->owner != NULL ? mapping->owner : "",
                               rows[i].owner)
                            == 0
                     && strcmp(mapping->routing != NULL ? mapping->routing : "",
                               rows[i].routing)
                            == 0
                     && mapping->hold == NULL
                     && (mapping->catch_all != NULL) == (i == 2)
                     && mapping->routing_wins == rows[i].routing_wins
                     && mapping->contacts == rows[i].contacts
                     && mapping->outside
                            == (rows[i].contacts ? SDR_OUTSIDE_IS_IGNORED
                                                 : SDR_OUTSIDE_DEFERS),
                 "%s: %s", rows[i].name, join(&mapping->addresses));
        assert_non_null(strstr(sdr_profile_names(), rows[i].name));
        free(directory.mapping.addresses.items);
    }
    unit_end();
}

static void
a_profile_that_there_is_not_is_refused(void **state)
{
    struct sdr_directory_options directory = {.profile = "nonsense"};

    (void)state;
    assert_false(sdr_profile_map(&directory));
}

/* ---- the reader ---- */

enum { VALUES_MAX = 5, NO = 99, UNREADABLE = 100 };

struct value {
    const char *attribute, *text;
    size_t len; /* 0: of the text */
};

static const struct {
    const char *what;
    struct value values[VALUES_MAX];
    unsigned key;      /* that matches; NO: none */
    unsigned strength; /* an unreadable value has UNREADABLE */
    sdr_sites owners;
} entries[] = {
    {"the full address",
     {{"mail", "alice+news@example.com", 0}, {"sdrOwner", "hosted", 0}},
     0,
     1,
     HOSTED},
    {"without its extension", {{"mail", "alice@example.com", 0}}, 1, 1, ONPREM},
    {"the catch-all",
     {{"sdrAddress", "@example.com", 0}, {"sdrOwner", "cloud", 0}},
     2,
     0,
     CLOUD},
    {"values in any order",
     {{"sdrOwner", "hosted", 0}, {"mail", "alice@example.com", 0}},
     1,
     1,
     HOSTED},
    {"the strongest key of several",
     {{"mail", "alice@example.com", 0},
      {"mail", "alice+news@example.com", 0},
      {"mail", "@example.com", 0}},
     0,
     1,
     ONPREM},
    {"the strongest attribute of several",
     {{"mailLocalAddress", "alice@example.com", 0},
      {"sdrAddress", "alice@example.com", 0},
      {"mail", "alice@example.com", 0}},
     1,
     0,
     ONPREM},
    {"a stronger key in a weaker attribute",
     {{"sdrAddress", "alice@example.com", 0},
      {"mailLocalAddress", "alice+news@example.com", 0}},
     0,
     2,
     ONPREM},
    {"attributes in other case, with options",
     {{"MAIL;x-a;x-b", "alice@example.com", 0},
      {"sdrowner;lang-de", "hosted", 0}},
     1,
     1,
     HOSTED},
    {"an address spelled otherwise",
     {{"mail", "\"ALICE\"@EXAMPLE.com", 0}},
     1,
     1,
     ONPREM},
    {"the owner several times",
     {{"mail", "alice@example.com", 0},
      {"sdrOwner", "hosted", 0},
      {"sdrOwner", "MX.Hosted.example.NET", 0},
      {"sdrOwner", "cloud", 0}},
     1,
     1,
     HOSTED | CLOUD},
    {"a value up to its length",
     {{"mail", "alice@example.common", 17}, {"sdrOwner", "hostedness", 6}},
     1,
     1,
     HOSTED},
    {"blanks around it",
     {{"mail", "  alice@example.com. ", 0}, {"sdrOwner", " hosted ", 0}},
     1,
     1,
     HOSTED},
    {"a scheme that does not belong there",
     {{"mail", "SMTP:alice@example.com", 0}},
     1,
     1 + UNREADABLE,
     ONPREM},
    {"no address, but it holds one",
     {{"mail", "Alice <alice@example.com>", 0}},
     1,
     1 + UNREADABLE,
     ONPREM},
    {"what can be read counts more than a stronger attribute",
     {{"sdrAddress", "<alice@example.com>", 0},
      {"mailLocalAddress", "alice@example.com", 0}},
     1,
     2,
     ONPREM},
    {"a stronger key counts more than what can be read",
     {{"mail", "alice@example.com", 0},
      {"mail", "<alice+news@example.com>", 0}},
     0,
     1 + UNREADABLE,
     ONPREM},
    {"a NUL in it",
     {{"mail", "alice@example.com\0x", 19}},
     1,
     1 + UNREADABLE,
     ONPREM},
    /* what does not match */
    {"a scheme that is not mail",
     {{"mail", "sip:alice@example.com", 0},
      {"mail", "x500:/o=Ex/cn=alice@example.com", 0},
      {"mail", "smtp-x:alice@example.com", 0},
      {"mail", "smtp:", 0}},
     NO,
     0,
     0},
    {"no attribute of the profile",
     {{"uid", "alice@example.com", 0}},
     NO,
     0,
     0},
    {"a longer name of an attribute",
     {{"mailX", "alice@example.com", 0}, {"mai", "alice@example.com", 0}},
     NO,
     0,
     0},
    {"another mailbox", {{"mail", "alicia@example.com", 0}}, NO, 0, 0},
    {"another extension", {{"mail", "alice+x@example.com", 0}}, NO, 0, 0},
    {"another domain", {{"mail", "alice@example.org", 0}}, NO, 0, 0},
    {"what a directory may fold",
     {{"mail", "\"alice \"@example.com", 0},
      {"mail", "\xc3\xa0lice@example.com", 0}},
     NO,
     0,
     0},
    {"no address at all",
     {{"mail", "alice", 0}, {"mail", "alice@", 0}, {"mail", "@", 0}},
     NO,
     0,
     0},
    {"no value", {{NULL, NULL, 0}}, NO, 0, 0},
};

static size_t
length(const struct value *value)
{
    return value->len > 0 ? value->len : strlen(value->text);
}

static void
push(struct sdr_reader *reader, const struct value *values)
{
    sdr_reader_begin(reader, config, &keys, 0, "uid=alice");
    for (size_t i = 0; i < VALUES_MAX && values[i].attribute != NULL; i++)
        sdr_reader_value(reader, values[i].attribute, values[i].text,
                         length(&values[i]));
}

static void
entries_are_matched(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(entries); i++) {
        struct sdr_reader reader;
        struct sdr_facts best = {0};
        bool found = false;
        bool counts;

        push(&reader, entries[i].values);
        counts = sdr_reader_end(&reader, &best, &found);
        unit_row(
            counts == (entries[i].key != NO) && found == counts
                && (!counts
                    || (best.key == entries[i].key
                        && best.strength + (best.unreadable ? UNREADABLE : 0)
                               == entries[i].strength
                        && best.owners == entries[i].owners
                        && strcmp(best.dn, "uid=alice") == 0)),
            "%s: counts %d, key %u, strength %u, owners %u", entries[i].what,
            counts, best.key, best.strength, best.owners);
    }
    unit_end();
}

static void
an_entry_that_does_not_count_changes_nothing(void **state)
{
    struct sdr_facts best = {.owners = CLOUD};
    struct sdr_reader reader;
    bool found = true;

    (void)state;
    sdr_reader_begin(&reader, config, &keys, 0, "uid=eve");
    sdr_reader_value(&reader, "mail", "eve@example.com", 15);
    assert_false(sdr_reader_end(&reader, &best, &found));
    assert_true(found);
    assert_int_equal(best.owners, CLOUD);
    assert_false(best.disagree);
}

/* What else the values say: h hold, f foreign owner, b bad routing address,
 * o outside, r routing address. */
static const struct {
    const char *attribute, *text;
    size_t len;
    const char *flags;
} facts[] = {
    {"sdrHold", "TRUE", 4, "h"},
    {"sdrHold", "FALSE", 5, ""},
    {"sdrHold", "false", 5, ""},
    {"sdrHold", "FALSEHOOD", 9, "h"},
    {"sdrHold", "no", 2, "h"}, /* never guess */
    {"sdrHold", "", 0, "h"},
    {"sdrHold", " FALSE ", 7, ""},
    {"sdrOwner", "hosted", 6, ""},
    {"sdrOwner", "nowhere", 7, "f"},
    {"sdrOwner", "hosted ", 7, ""},
    {"sdrOwner", " hosted", 7, ""},
    {"sdrOwner", "hosted.", 7, ""},
    {"sdrOwner", "MX.Hosted.example.NET. ", 23, ""},
    {"sdrOwner", "hosted..", 8, "f"},
    {"sdrOwner", "hosted\xc2\xa0", 8, "f"},
    {"sdrOwner", " ", 1, "f"},
    {"sdrOwner", "", 0, "f"},
    {"sdrRoutingAddress", "a@hosted.example.com", 20, "r"},
    {"sdrRoutingAddress", "\"a b\"@hosted.example.com", 24, "r"},
    {"sdrRoutingAddress", "a@tenant.example.org", 20, "r"},
    {"sdrRoutingAddress", "a@elsewhere.example", 19, "o"},
    {"sdrRoutingAddress", "SMTP:a@hosted.example.com", 25, "r"},
    {"sdrRoutingAddress", "smtp:a@elsewhere.example", 24, "o"},
    {"sdrRoutingAddress", " a@hosted.example.com. ", 23, "r"},
    {"sdrRoutingAddress", "smtp: a@hosted.example.com", 26, "b"},
    {"sdrRoutingAddress", "X400:c=DE;a=x;p=y", 17, "o"},
    {"sdrRoutingAddress", "smtp:smtp:a@hosted.example.com", 30, "b"},
    {"sdrRoutingAddress", "a b@hosted.example.com", 22, "b"},
    {"sdrRoutingAddress", "@hosted.example.com", 19, "b"},
    {"sdrRoutingAddress", "hosted.example.com", 18, "b"},
    {"sdrRoutingAddress", "<>", 2, "b"},
    {"sdrRoutingAddress", "", 0, "b"},
    {"sdrRoutingAddress", "a@hosted.example.com\0", 21, "b"},
    {"sdrRoutingAddress", "a@hosted.example.com\n", 21, "b"},
};

static const char *
flags_of(const struct sdr_facts *f)
{
    static char text[8];

    snprintf(text, sizeof text, "%s%s%s%s%s", f->hold ? "h" : "",
             f->foreign_owner ? "f" : "", f->bad_routing ? "b" : "",
             f->outside ? "o" : "", f->has_routing ? "r" : "");
    return text;
}

static void
values_say_what_they_mean(void **state)
{
    static const struct value address = {"mail", "alice@example.com", 0};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(facts); i++) {
        struct sdr_reader reader;
        struct sdr_facts best = {0};
        bool found = false;

        push(&reader, (struct value[VALUES_MAX]){address});
        sdr_reader_value(&reader, facts[i].attribute, facts[i].text,
                         facts[i].len);
        assert_true(sdr_reader_end(&reader, &best, &found));
        unit_row(strcmp(flags_of(&best), facts[i].flags) == 0,
                 "%s: %s: \"%s\", not \"%s\"", facts[i].attribute,
                 facts[i].text, flags_of(&best), facts[i].flags);
    }
    unit_end();
}

/* The values of other systems. */
static void
hold_values_hold_and_no_others(void **state)
{
    static const struct {
        const char *value;
        bool hold;
    } rows[] = {
        {"maintenance", true}, {"Maintenance", true}, {"locked", true},
        {"active", false},     {"", false},           {"TRUE", false},
        {"lock", false},       {"lockedout", false},
    };
    struct sdr_config *own =
        unit_config(UNIT_CONF "hold-attribute = zimbraAccountStatus\n"
                              "hold-value = maintenance\n"
                              "hold-value = locked\n");

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_reader reader;

        sdr_reader_begin(&reader, own, &keys, 0, "uid=alice");
        sdr_reader_value(&reader, "zimbraAccountStatus", rows[i].value,
                         strlen(rows[i].value));
        unit_row(reader.facts.hold == rows[i].hold, "\"%s\": hold %d",
                 rows[i].value, reader.facts.hold);
    }
    unit_end();
    sdr_config_free(&own);
}

/* The local part of the option catch-all is the catch-all. */
static void
a_local_part_may_be_the_catch_all(void **state)
{
    static const struct {
        const char *address;
        unsigned key; /* NO: none */
    } rows[] = {
        {"catchall@example.com", 2},
        {"CatchAll@Example.com", 2},
        {"\"catchall\"@example.com", 2},
        {"smtp:catchall@example.com", 2},
        {"@example.com", 2},
        {"alice@example.com", 1},
        {"catchall@example.org", NO},
        {"catchall2@example.com", NO},
        {"catchal@example.com", NO},
        {"*@example.com", NO},
    };
    struct sdr_config *own = unit_config(UNIT_CONF "catch-all = catchall\n");

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_reader reader;
        struct sdr_facts best = {.key = NO};
        bool found = false;

        sdr_reader_begin(&reader, own, &keys, 0, "uid=all");
        sdr_reader_value(&reader, "mail", rows[i].address,
                         strlen(rows[i].address));
        sdr_reader_end(&reader, &best, &found);
        unit_row(best.key == rows[i].key, "%s: key %u", rows[i].address,
                 best.key);
    }
    unit_end();
    sdr_config_free(&own);
}

static void
several_routing_addresses_must_be_one(void **state)
{
    static const struct {
        const char *second;
        const char *flags;
    } rows[] = {
        {"a@hosted.example.com", "r"},
        {"A@HOSTED.example.com.", "r"},
        {"b@hosted.example.com", "br"},
        {"a@cloud.example.com", "br"},
        {"nonsense", "br"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct value values[VALUES_MAX] = {
            {"mail", "alice@example.com", 0},
            {"sdrRoutingAddress", "a@hosted.example.com", 0},
            {"sdrRoutingAddress", rows[i].second, 0},
        };
        struct sdr_reader reader;
        struct sdr_facts best = {0};
        bool found = false;

        push(&reader, values);
        assert_true(sdr_reader_end(&reader, &best, &found));
        unit_row(strcmp(flags_of(&best), rows[i].flags) == 0, "%s: \"%s\"",
                 rows[i].second, flags_of(&best));
    }
    unit_end();
}

static void
long_names_are_cut(void **state)
{
    struct sdr_reader reader;

    (void)state;
    sdr_reader_begin(&reader, config, &keys, 0, unit_repeat('n', 900));
    assert_int_equal(strlen(reader.facts.dn), sizeof reader.facts.dn - 1);
}

static void
long_values_are_none(void **state)
{
    struct sdr_reader reader;

    (void)state;
    sdr_reader_begin(&reader, config, &keys, 0, "uid=alice");
    sdr_reader_value(&reader, "mail", unit_repeat('a', 1000), 1000);
    assert_false(reader.matched);
    sdr_reader_value(&reader, "sdrRoutingAddress", unit_repeat('a', 1000),
                     1000);
    assert_true(reader.facts.bad_routing);
}

/* Everybody is in groups that belong to no site. */
static void
groups_of_no_site_are_no_owner(void **state)
{
    static const struct {
        const char *groups[3];
        sdr_sites owners;
    } rows[] = {
        {{"CN=Everybody,DC=example,DC=com"}, ONPREM},
        {{"CN=Everybody,DC=example,DC=com", "CN=Hosted,DC=example,DC=com"},
         HOSTED},
        {{"cn=hosted, dc=Example , dc = com"}, HOSTED},
        {{"CN=Hosted,DC=example,DC=com", "CN=Cloud,DC=example,DC=com"},
         HOSTED | CLOUD},
        {{"CN=Hosted,DC=example,DC=com,DC=x", "CN=Hoste d,DC=example,DC=com"},
         ONPREM},
    };
    struct sdr_config *own =
        unit_config(UNIT_CONF "owner-attribute = memberOf\n"
                              "[site hosted]\n"
                              "owner-value = CN=Hosted,DC=example,DC=com\n"
                              "[site cloud]\n"
                              "owner-value = cn=cloud,dc=example,dc=com\n");

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_reader reader;
        struct sdr_facts best = {0};
        bool found = false;

        sdr_reader_begin(&reader, own, &keys, 0, "cn=alice");
        sdr_reader_value(&reader, "mail", "alice@example.com", 17);
        for (unsigned k = 0; k < 3 && rows[i].groups[k] != NULL; k++)
            sdr_reader_value(&reader, "memberOf", rows[i].groups[k],
                             strlen(rows[i].groups[k]));
        assert_true(sdr_reader_end(&reader, &best, &found));
        unit_row(best.owners == rows[i].owners && !best.foreign_owner,
                 "%s: owners %u", rows[i].groups[0], best.owners);
    }
    unit_end();
    sdr_config_free(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_profile_says_what_attributes_mean),
        cmocka_unit_test(the_configuration_overrides_it),
        cmocka_unit_test(profiles_are_what_they_are_known_for),
        cmocka_unit_test(a_profile_that_there_is_not_is_refused),
        cmocka_unit_test(entries_are_matched),
        cmocka_unit_test(an_entry_that_does_not_count_changes_nothing),
        cmocka_unit_test(values_say_what_they_mean),
        cmocka_unit_test(hold_values_hold_and_no_others),
        cmocka_unit_test(a_local_part_may_be_the_catch_all),
        cmocka_unit_test(several_routing_addresses_must_be_one),
        cmocka_unit_test(groups_of_no_site_are_no_owner),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(long_values_are_none),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
