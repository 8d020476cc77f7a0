/* test_report_count.c - addresses and entries become recipients
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/report.h"

#include "unit.h"

static const char conf[] = UNIT_CONF "[domain example.org]\n"
                                     "[domain example.net]\n"
                                     "alias-of = example.com\n"
                                     "[directory old]\n"
                                     "uri = ldap://127.0.0.1:1\n"
                                     "search-base = o=old\n"
                                     "default-owner = hosted\n";

static struct sdr_config *config;

enum { ADDRESSES_MAX = 5, COM = 0, ORG = 1 };

/* Addresses, the entry of each, and its facts. */
struct given {
    const char *address, *dn;
    struct sdr_facts facts;
};

#define CONTACT .owners = HOSTED, .contact = true, .directory = 1

static const struct row_of_test {
    const char *name;
    struct given given[ADDRESSES_MAX]; /* ended by NULL */
    unsigned domain;                   /* the entry that is checked: */
    uint64_t recipients, nowhere, sites[3];
    uint64_t troubles[REPORT_TROUBLES];
    uint64_t all; /* over all domains */
} rows[] = {
    {"one",
     {{"a@example.com", "a", {.owners = HOSTED}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"one with two addresses",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"b@example.com", "a", {.owners = HOSTED}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"one in two domains",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.org", "a", {.owners = HOSTED}}},
     ORG,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"of one name in two directories",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"b@example.com", "a", {.owners = HOSTED, .directory = 1}}},
     COM,
     2,
     0,
     {0, 2, 0},
     {0},
     2},
    {"two mailboxes",
     {{"a@example.com", "a", {.owners = ONPREM | CLOUD}}},
     COM,
     1,
     0,
     {1, 0, 1},
     {0},
     1},
    {"two who agree",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.com", "b", {.owners = HOSTED}}},
     COM,
     2,
     0,
     {0, 2, 0},
     {0},
     2},
    {"two who disagree",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.com", "b", {.owners = CLOUD}}},
     COM,
     2,
     0,
     {0, 1, 1},
     {[REPORT_AMBIGUOUS] = 1},
     2},
    {"found by a stronger attribute",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.com", "b", {.owners = CLOUD, .strength = 1}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"stronger only in its own directory",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.com", "b", {.owners = CLOUD, .strength = 1, .directory = 1}}},
     COM,
     2,
     0,
     {0, 1, 1},
     {[REPORT_AMBIGUOUS] = 1},
     2},
    {"a mailbox and a contact that means it",
     {{"a@example.com", "a", {.owners = ONPREM, .by_default = true}},
      {"a@example.com", "b", {CONTACT, .in_split = true, .by_default = true}}},
     COM,
     1,
     0,
     {1, 0, 0},
     {0},
     1},
    {"the contact first, and with two addresses",
     {{"a@example.com", "a", {CONTACT, .in_split = true, .by_default = true}},
      {"b@example.com", "a", {CONTACT, .in_split = true, .by_default = true}},
      {"a@example.com", "b", {.owners = ONPREM}},
      {"b@example.com", "b", {.owners = ONPREM}}},
     COM,
     1,
     0,
     {1, 0, 0},
     {0},
     1},
    {"a contact whose routing address lies in the mailbox's site",
     {{"a@example.com", "a", {.owners = HOSTED}},
      {"a@example.com",
       "b",
       {CONTACT, .has_routing = true, .routing_site = 1}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"a contact that nobody else has",
     {{"a@example.com",
       "a",
       {CONTACT, .has_routing = true, .routing_site = 1}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {0},
     1},
    {"contacts that mean each other",
     {{"a@example.com",
       "a",
       {.owners = ONPREM,
        .contact = true,
        .in_split = true,
        .by_default = true}},
      {"a@example.com", "b", {CONTACT, .in_split = true, .by_default = true}}},
     COM,
     1,
     0,
     {1, 0, 0},
     {[REPORT_AMBIGUOUS] = 1},
     1},
    {"no site",
     {{"a@example.com", "a", {.foreign_owner = true}}},
     COM,
     1,
     1,
     {0},
     {[REPORT_FOREIGN_OWNER] = 1},
     1},
    {"routing addresses that lead nowhere",
     {{"a@example.com", "a", {.owners = ONPREM, .outside = true}},
      {"b@example.com", "b", {.owners = ONPREM, .bad_routing = true}}},
     COM,
     2,
     0,
     {2, 0, 0},
     {[REPORT_OUTSIDE] = 1, [REPORT_BAD_ROUTING] = 1},
     2},
    {"a routing address at the other site",
     {{"a@example.com",
       "a",
       {.owners = HOSTED, .has_routing = true, .routing_site = 2}}},
     COM,
     1,
     0,
     {0, 1, 0},
     {[REPORT_CONFLICT] = 1},
     1},
    {"one left over from a move to this site",
     {{"a@example.com",
       "a",
       {.owners = ONPREM, .has_routing = true, .routing_site = 1}}},
     COM,
     1,
     0,
     {1, 0, 0},
     {0},
     1},
    {"addresses that do not count",
     {{"@example.com", "a", {.owners = HOSTED}},
      {"a@example.net", "b", {.owners = HOSTED}},
      {"a@hosted.example.com", "c", {.owners = HOSTED}},
      {"a@elsewhere.example", "d", {.owners = HOSTED}},
      {"nonsense", "e", {.owners = HOSTED}}},
     COM,
     0,
     0,
     {0},
     {0},
     0},
};

static bool
is_as_wanted(const struct report *report, const struct row_of_test *row)
{
    const struct report_domain *domain = &report->domains[row->domain];
    bool ok = report->domain_count == 2 && report->recipients == row->all
              && domain->all.recipients == row->recipients
              && domain->nowhere.recipients == row->nowhere;

    for (unsigned i = 0; i < 3; i++)
        ok = ok && domain->sites[i].recipients == row->sites[i];
    for (unsigned i = 0; i < REPORT_TROUBLES; i++)
        ok = ok && domain->troubles[i].count == row->troubles[i];
    return ok;
}

static void
rows_become_recipients(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct report report = {.config = config};

        for (size_t n = 0;
             n < ADDRESSES_MAX && rows[i].given[n].address != NULL; n++)
            (void)rows_add(&report.rows, config, rows[i].given[n].address,
                           &rows[i].given[n].facts, rows[i].given[n].dn);
        assert_true(report_count(&report));
        unit_row(is_as_wanted(&report, &rows[i]), "%s", rows[i].name);
        report_clear(&report);
    }
    unit_end();
}

static void
held_and_by_default_are_counted_where_they_live(void **state)
{
    struct report report = {.config = config};
    const struct sdr_facts held = {.owners = HOSTED, .hold = true};
    const struct sdr_facts plain = {.owners = ONPREM, .by_default = true};

    (void)state;
    assert_true(rows_add(&report.rows, config, "a@example.com", &held, "a"));
    assert_true(rows_add(&report.rows, config, "b@example.com", &plain, "b"));
    assert_true(report_count(&report));
    assert_int_equal(report.domains[COM].sites[1].held, 1);
    assert_int_equal(report.domains[COM].sites[0].by_default, 1);
    assert_int_equal(report.domains[COM].all.held, 1);
    assert_int_equal(report.domains[COM].all.by_default, 1);
    report_clear(&report);
}

/* The first in sorted order, whatever order they arrived in. */
static void
examples_are_the_first(void **state)
{
    static const char *const given[] = {"d", "b", "a", "c"};
    struct report report = {.config = config};
    const struct sdr_facts facts = {.foreign_owner = true};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(given); i++) {
        char address[32];

        snprintf(address, sizeof address, "%s@example.com", given[i]);
        assert_true(rows_add(&report.rows, config, address, &facts, given[i]));
        rows_add_value(&report.rows, 0, i == 0 ? "other" : "gone", 5 - (i != 0),
                       address);
    }
    assert_true(report_count(&report));
    assert_string_equal(report.domains[COM].troubles[0].examples[0],
                        "a@example.com");
    assert_string_equal(report.domains[COM].troubles[0].examples[2],
                        "c@example.com");
    assert_int_equal(report.value_count, 2);
    assert_string_equal(report.values[0].value, "gone");
    assert_int_equal(report.values[0].group.count, 3);
    assert_string_equal(report.values[0].group.examples[0], "a@example.com");
    report_clear(&report);
}

static const struct {
    uint64_t part, whole;
    unsigned share;
} shares[] = {
    {0, 0, 0},   {0, 5, 0},       {5, 5, 1000},
    {1, 3, 333}, {1, 1000000, 1}, {999999, 1000000, 999},
};

static void
a_share_is_never_none_or_all_by_rounding(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(shares); i++) {
        unsigned share = report_share(shares[i].part, shares[i].whole);

        unit_row(share == shares[i].share, "%llu of %llu: %u",
                 (unsigned long long)shares[i].part,
                 (unsigned long long)shares[i].whole, share);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_recipients),
        cmocka_unit_test(held_and_by_default_are_counted_where_they_live),
        cmocka_unit_test(examples_are_the_first),
        cmocka_unit_test(a_share_is_never_none_or_all_by_rounding),
    };
    int wrong;

    config = unit_config(conf);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
