/* test_facts.c - facts settled and merged
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/facts.h"

#include "unit.h"

/* Two directories; the default-owner is this site in one and the site cloud in
 * the other. */
static const char conf[] = UNIT_CONF "[directory merged]\n"
                                     "uri = @URI@\n"
                                     "search-base = dc=merged,dc=org\n"
                                     "default-owner = cloud\n";

static struct sdr_config *config;

static void
set_routing(struct sdr_facts *facts, const char *routing)
{
    facts->has_routing = routing != NULL;
    if (routing != NULL)
        assert_int_equal(sdr_address_parse(&facts->routing, routing), SDR_OK);
}

/* ---- sdr_facts_settle() ---- */

static const struct {
    unsigned directory;
    sdr_sites owners;
    bool foreign_owner;
    const char *routing;
    /* what is expected */
    sdr_sites settled;
    bool has_routing, outside;
    unsigned routing_site;
} settlings[] = {
    /* the default-owner of each directory */
    {0, 0, false, NULL, ONPREM, false, false, 0},
    {1, 0, false, NULL, CLOUD, false, false, 0},
    /* a named owner stays */
    {1, HOSTED, false, NULL, HOSTED, false, false, 0},
    {0, ONPREM | CLOUD, false, NULL, ONPREM | CLOUD, false, false, 0},
    /* without an owner, the routing address names one */
    {0, 0, false, "a@hosted.example.com", HOSTED, true, false, 1},
    {1, 0, false, "a@onprem.example.com", ONPREM, true, false, 0},
    {0, 0, false, "a@tenant.example.org", HOSTED, true, false, 1},
    {0, CLOUD, false, "a@hosted.example.com", CLOUD, true, false, 1},
    /* one outside every site */
    {0, 0, false, "a@elsewhere.example", ONPREM, false, true, 0},
    {0, 0, false, "a@example.com", ONPREM, false, true, 0},
    {0, HOSTED, false, "a@hosted.example.net", HOSTED, false, true, 0},
    /* an owner value of no site is not replaced */
    {0, 0, true, NULL, 0, false, false, 0},
    {0, 0, true, "a@hosted.example.com", 0, true, false, 1},
    {0, HOSTED, true, NULL, HOSTED, false, false, 0},
};

static void
owners_and_routing_are_settled(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(settlings); i++) {
        struct sdr_facts f = {.directory = settlings[i].directory,
                              .owners = settlings[i].owners,
                              .foreign_owner = settlings[i].foreign_owner};

        set_routing(&f, settlings[i].routing);
        sdr_facts_settle(&f, config);
        unit_row(f.owners == settlings[i].settled
                     && f.has_routing == settlings[i].has_routing
                     && f.outside == settlings[i].outside
                     && f.foreign_owner == settlings[i].foreign_owner
                     && (!f.has_routing
                         || f.routing_site == settlings[i].routing_site),
                 "%zu: owners %u, routing %d at %u, outside %d", i, f.owners,
                 f.has_routing, f.routing_site, f.outside);
    }
    unit_end();
}

/* The profile, or the option, says what an address in no site means.
 * Marks: o outside, r routing, s in a split domain, f forward, c contact, d by
 * default. */
static void
an_address_in_no_site_means_what_the_mapping_says(void **state)
{
    static const struct {
        bool wins, contacts;
        enum sdr_outside outside;
        const char *routing;
        const char *marks;
    } rows[] = {
        {false, false, SDR_OUTSIDE_DEFERS, "a@elsewhere.example", "od"},
        {false, false, SDR_OUTSIDE_IS_IGNORED, "a@elsewhere.example", "d"},
        {false, false, SDR_OUTSIDE_REDIRECTS, "a@elsewhere.example", "fd"},
        {false, true, SDR_OUTSIDE_IS_IGNORED, "a@elsewhere.example", "d"},
        {false, true, SDR_OUTSIDE_REDIRECTS, "a@elsewhere.example", "fcd"},
        {true, false, SDR_OUTSIDE_DEFERS, "a@elsewhere.example", "od"},
        /* a redirect into the split domain would come back */
        {false, false, SDR_OUTSIDE_DEFERS, "a@example.com", "od"},
        {false, false, SDR_OUTSIDE_IS_IGNORED, "a@example.com", "od"},
        {false, false, SDR_OUTSIDE_REDIRECTS, "a@example.com", "od"},
        {false, true, SDR_OUTSIDE_IS_IGNORED, "a@example.com", "scd"},
        {false, true, SDR_OUTSIDE_REDIRECTS, "a@example.com", "scd"},
        {true, false, SDR_OUTSIDE_DEFERS, "a@example.com", "sd"},
        {true, false, SDR_OUTSIDE_DEFERS, "a@hosted.example.com", "r"},
        {false, true, SDR_OUTSIDE_IS_IGNORED, "a@hosted.example.com", "rc"},
        {false, true, SDR_OUTSIDE_IS_IGNORED, NULL, "d"},
    };
    struct sdr_mapping *mapping = &config->directories[1].mapping;
    const struct sdr_mapping usual = *mapping;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_facts f = {.directory = 1};
        char marks[8];

        mapping->routing_wins = rows[i].wins;
        mapping->contacts = rows[i].contacts;
        mapping->outside = rows[i].outside;
        set_routing(&f, rows[i].routing);
        sdr_facts_settle(&f, config);
        snprintf(marks, sizeof marks, "%s%s%s%s%s%s", f.outside ? "o" : "",
                 f.has_routing ? "r" : "", f.in_split ? "s" : "",
                 f.forward ? "f" : "", f.contact ? "c" : "",
                 f.by_default ? "d" : "");
        unit_row(strcmp(marks, rows[i].marks) == 0
                     && f.owners == (f.has_routing ? HOSTED : CLOUD),
                 "%zu: %s, owners %u", i, marks, f.owners);
    }
    *mapping = usual;
    unit_end();
}

static void
routing_wins_comes_from_the_directory(void **state)
{
    struct sdr_mapping *mapping = &config->directories[0].mapping;
    struct sdr_facts f = {.directory = 0}, g = {.directory = 1};

    (void)state;
    mapping->routing_wins = true;
    sdr_facts_settle(&f, config);
    sdr_facts_settle(&g, config);
    mapping->routing_wins = false;
    assert_true(f.routing_wins);
    assert_false(g.routing_wins);
}

/* ---- sdr_facts_merge() ---- */

/* The facts of one more entry. */
struct fact {
    unsigned directory, key, strength;
    sdr_sites owners;
    bool hold;
    const char *routing;
};

static const struct {
    const char *what;
    struct fact first, second;
    sdr_sites owners; /* of what wins */
    bool disagree;
} merges[] = {
    {"the same",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 0, HOSTED, 0, NULL},
     HOSTED,
     false},
    {"owners",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 0, CLOUD, 0, NULL},
     HOSTED,
     true},
    {"a part of the owners",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 0, HOSTED | CLOUD, 0, NULL},
     HOSTED,
     true},
    {"hold",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 0, HOSTED, 1, NULL},
     HOSTED,
     true},
    {"one has a routing address",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 0, HOSTED, 0, "a@hosted.example.com"},
     HOSTED,
     true},
    {"two routing addresses",
     {0, 0, 0, HOSTED, 0, "b@hosted.example.com"},
     {0, 0, 0, HOSTED, 0, "a@hosted.example.com"},
     HOSTED,
     true},
    {"one routing address, spelled in two ways",
     {0, 0, 0, HOSTED, 0, "A@hosted.example.com"},
     {0, 0, 0, HOSTED, 0, "a@HOSTED.example.com"},
     HOSTED,
     false},
    {"a stronger key first",
     {0, 0, 2, HOSTED, 0, NULL},
     {0, 1, 0, CLOUD, 0, NULL},
     HOSTED,
     false},
    {"a stronger key second",
     {0, 2, 0, HOSTED, 0, NULL},
     {0, 1, 2, CLOUD, 0, NULL},
     CLOUD,
     false},
    {"a stronger attribute first",
     {0, 0, 0, HOSTED, 0, NULL},
     {0, 0, 1, CLOUD, 0, NULL},
     HOSTED,
     false},
    {"a stronger attribute second",
     {0, 0, 2, HOSTED, 0, NULL},
     {0, 0, 1, CLOUD, 0, NULL},
     CLOUD,
     false},
    {"attributes of different directories",
     {0, 0, 0, HOSTED, 0, NULL},
     {1, 0, 1, CLOUD, 0, NULL},
     HOSTED,
     true},
    {"directories that agree",
     {0, 0, 0, HOSTED, 0, NULL},
     {1, 0, 1, HOSTED, 0, NULL},
     HOSTED,
     false},
    {"a stronger key of another directory",
     {0, 1, 0, HOSTED, 0, NULL},
     {1, 0, 2, CLOUD, 0, NULL},
     CLOUD,
     false},
};

static struct sdr_facts
make(const struct fact *fact)
{
    struct sdr_facts f = {.directory = fact->directory,
                          .key = fact->key,
                          .strength = fact->strength,
                          .owners = fact->owners,
                          .hold = fact->hold};

    set_routing(&f, fact->routing);
    return f;
}

static void
stronger_ones_win_and_equals_must_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(merges); i++) {
        struct sdr_facts first = make(&merges[i].first);
        struct sdr_facts second = make(&merges[i].second);
        struct sdr_facts best;
        bool found = false;

        sdr_facts_merge(&best, &found, &first);
        sdr_facts_merge(&best, &found, &second);
        unit_row(found && best.owners == merges[i].owners
                     && best.disagree == merges[i].disagree,
                 "%s: owners %u, disagree %d", merges[i].what, best.owners,
                 best.disagree);
    }
    unit_end();
}

static void
what_is_wrong_with_an_entry_is_a_difference(void **state)
{
    const struct sdr_facts whole = {.owners = ONPREM};
    struct sdr_facts wrong[4] = {whole, whole, whole, whole};

    (void)state;
    wrong[0].foreign_owner = true;
    wrong[1].bad_routing = true;
    wrong[2].outside = true;
    wrong[3].disagree = true;
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
        struct sdr_facts best = whole;
        bool found = true;

        sdr_facts_merge(&best, &found, &wrong[i]);
        unit_row(best.disagree, "%zu", i);
    }
    unit_end();
}

/* Two weak entries that disagree do not matter once a stronger one is found. */
static void
a_stronger_one_ends_the_quarrel(void **state)
{
    const struct sdr_facts weak = {.strength = 1, .owners = ONPREM};
    const struct sdr_facts other = {.strength = 1, .owners = HOSTED};
    const struct sdr_facts strong = {.strength = 0, .owners = CLOUD};
    struct sdr_facts best;
    bool found = false;

    (void)state;
    sdr_facts_merge(&best, &found, &weak);
    sdr_facts_merge(&best, &found, &other);
    assert_true(best.disagree);
    sdr_facts_merge(&best, &found, &strong);
    assert_false(best.disagree);
    sdr_facts_merge(&best, &found, &other);
    assert_false(best.disagree);
    assert_int_equal(best.owners, CLOUD);
}

/* ---- two forests, each with contacts for the mailboxes of the other ---- */

static const struct sdr_address here_address = {"a", "a", "onprem.example.com"};
static const struct sdr_address other_address = {"b", "b",
                                                 "onprem.example.com"};
static const struct sdr_address split_address = {"a", "a", "example.com"};

/* An entry in a directory, by its mark in the rows below. */
static struct sdr_facts
entry_of(char kind, unsigned directory)
{
    sdr_sites home = directory == 0 ? ONPREM : CLOUD;
    struct sdr_facts f = {.directory = directory, .owners = home};

    f.by_default = strchr("MCX", kind) != NULL;
    f.contact = strchr("CSTR", kind) != NULL;
    f.in_split = kind == 'C';
    f.has_routing = strchr("STRW", kind) != NULL;
    if (f.has_routing)
        f.owners = kind == 'R' ? HOSTED : ONPREM;
    f.routing_site = kind == 'R' ? 1 : 0;
    f.routing = kind == 'C'   ? split_address
                : kind == 'T' ? other_address
                              : here_address;
    f.outside = kind == 'X';
    f.hold = kind == 'H';
    return f;
}

/* M mailbox; H one on hold, whose owner is named; C contact of a mailbox in a
 * split domain; S, T contact whose address lies at onprem; W the same in a
 * profile that has no contacts; R remote mailbox, at hosted; X mistake. The
 * first is in the directory of onprem, the second in that of cloud. */
static const struct {
    const char *kinds;
    bool disagree;
    sdr_sites owners;
    char like; /* the entry that counts */
} pairs[] = {
    {"MC", false, ONPREM, 'M'},
    {"MS", false, ONPREM, 'M'},
    {"MT", false, ONPREM, 'M'},
    {"HC", false, ONPREM, 'H'},
    {"HS", false, ONPREM, 'H'},
    {"RC", false, HOSTED, 'R'},
    {"RR", false, HOSTED, 'R'},
    {"CM", false, CLOUD, 'M'},
    {"CR", false, HOSTED, 'R'},
    {"SS", false, ONPREM, 'S'},
    {"CC", false, 0, 'C'},
    {"CX", false, CLOUD, 'X'},
    /* two mailboxes, or two places */
    {"MM", true, ONPREM, 'M'},
    {"MR", true, ONPREM, 'M'},
    {"SM", true, ONPREM, 'S'},
    {"ST", true, ONPREM, 'S'},
    {"MW", true, ONPREM, 'M'},
    {"XS", true, ONPREM, 'X'},
    {"MX", true, ONPREM, 'M'},
};

static void
a_contact_is_the_mailbox_that_it_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * UNIT_COUNT(pairs); i++) {
        const char *kinds = pairs[i / 2].kinds;
        struct sdr_facts first = entry_of(kinds[0], 0);
        struct sdr_facts second = entry_of(kinds[1], 1);
        struct sdr_facts like, best;
        bool found = false, turned = i % 2 != 0;

        sdr_facts_merge(&best, &found, turned ? &second : &first);
        sdr_facts_merge(&best, &found, turned ? &first : &second);
        like = entry_of(pairs[i / 2].like, best.directory);
        unit_row(best.disagree == pairs[i / 2].disagree
                     && (best.disagree
                         || (best.owners == pairs[i / 2].owners
                             && best.hold == (strchr(kinds, 'H') != NULL)
                             && best.has_routing == like.has_routing
                             && best.in_split == like.in_split)),
                 "%s, turned %d: disagree %d, owners %u, routing %d, split %d",
                 kinds, turned, best.disagree, best.owners, best.has_routing,
                 best.in_split);
    }
    unit_end();
}

/* Two contacts and the mailbox, in any order. */
static void
a_mailbox_is_one_however_many_contacts_there_are(void **state)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(orders); i++) {
        struct sdr_facts entries[3] = {entry_of('M', 0), entry_of('C', 1),
                                       entry_of('C', 1)};
        struct sdr_facts best;
        bool found = false;

        entries[2].directory = 2;
        entries[2].owners = HOSTED;
        for (unsigned k = 0; k < 3; k++)
            sdr_facts_merge(&best, &found, &entries[orders[i][k]]);
        unit_row(!best.disagree && best.owners == ONPREM && !best.in_split,
                 "order %zu: disagree %d, owners %u", i, best.disagree,
                 best.owners);
    }
    unit_end();
}

/* An error names only what the administrators of that server can fix. */
static void
within_one_directory_a_contact_disagrees(void **state)
{
    static const char kinds[] = "CST";

    (void)state;
    for (const char *kind = kinds; *kind != '\0'; kind++) {
        struct sdr_facts best = entry_of('M', 0);
        struct sdr_facts contact = entry_of(*kind, 0);
        bool found = true;

        sdr_facts_merge(&best, &found, &contact);
        unit_row(best.disagree, "%c", *kind);
    }
    unit_end();
}

static void
catch_all_is_the_key_without_local_part(void **state)
{
    const struct sdr_keys keys = {
        .count = 3,
        .key = {{"a+x", "a+x", "b"}, {"a", "a", "b"}, {"", "", "b"}}};

    (void)state;
    for (unsigned key = 0; key < keys.count; key++) {
        const struct sdr_facts facts = {.key = key};

        assert_int_equal(sdr_facts_catch_all(&facts, &keys), key == 2);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_and_routing_are_settled),
        cmocka_unit_test(an_address_in_no_site_means_what_the_mapping_says),
        cmocka_unit_test(routing_wins_comes_from_the_directory),
        cmocka_unit_test(stronger_ones_win_and_equals_must_agree),
        cmocka_unit_test(what_is_wrong_with_an_entry_is_a_difference),
        cmocka_unit_test(a_contact_is_the_mailbox_that_it_means),
        cmocka_unit_test(a_mailbox_is_one_however_many_contacts_there_are),
        cmocka_unit_test(within_one_directory_a_contact_disagrees),
        cmocka_unit_test(a_stronger_one_ends_the_quarrel),
        cmocka_unit_test(catch_all_is_the_key_without_local_part),
    };
    int wrong;

    config = unit_config(conf);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
