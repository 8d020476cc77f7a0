/* test_replica.c - what the local copy answers
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/reader.h"

#include "reader.h"

#define CONF                                                                   \
    UNIT_CONF "[directory merged]\n"                                           \
              "uri = @URI@\n"                                                  \
              "search-base = dc=merged,dc=org\n"                               \
              "default-owner = cloud\n"                                        \
              "profile = laser\n"                                              \
              "[replica]\n"                                                    \
              "path = @REPLICA@\n"                                             \
              "unknown-max-age = 30\n"                                         \
              "known-max-age = 3600\n"
enum { CORP, MERGED };

static int
make(void **state)
{
    (void)state;
    return reader_make(CONF);
}

/* ---- found ---- */

static const struct box_entry entries[] = {
    {CORP, "alice@example.com", 'a', 1, {.owners = HOSTED}, NULL},
    {CORP,
     "bob@example.com",
     'b',
     0,
     {.owners = CLOUD, .routing_site = 1},
     "Bob.B@hosted.example.com"},
    {CORP, "both@example.com", 'c', 0, {.owners = ONPREM | HOSTED}, NULL},
    {CORP, "held@example.com", 'h', 0, {.owners = ONPREM, .hold = true}, NULL},
    {CORP, "lost@example.com", 'l', 0, {.foreign_owner = true}, NULL},
    {CORP,
     "bad@example.com",
     'w',
     0,
     {.owners = ONPREM,
      .bad_routing = true,
      .outside = true,
      .by_default = true},
     NULL},
    {CORP, "@example.com", '*', 2, {.owners = CLOUD}, NULL},
    /* several with one address */
    {CORP, "twins@example.com", 't', 1, {.owners = HOSTED}, NULL},
    {CORP, "twins@example.com", 'u', 1, {.owners = HOSTED}, NULL},
    {CORP, "rivals@example.com", 'r', 1, {.owners = HOSTED}, NULL},
    {CORP, "rivals@example.com", 's', 1, {.owners = CLOUD}, NULL},
    {CORP, "senior@example.com", 'x', 2, {.owners = HOSTED}, NULL},
    {CORP, "senior@example.com", 'y', 0, {.owners = CLOUD}, NULL},
    {CORP, "senior@example.com", 'z', 1, {.owners = ONPREM}, NULL},
    {CORP, "juniors@example.com", '1', 2, {.owners = HOSTED}, NULL},
    {CORP, "juniors@example.com", '2', 2, {.owners = CLOUD}, NULL},
    {CORP, "juniors@example.com", '3', 0, {.owners = ONPREM}, NULL},
    /* another directory */
    {MERGED, "carol@example.com", 'a', 0, {.owners = CLOUD}, NULL},
};

/* A recipient and the answer. */
static const struct {
    unsigned directory;
    const char *keys[SDR_KEYS_MAX];
    enum sdr_status status;
    unsigned key;
    struct sdr_facts facts;
    const char *dn, *routing;
} rows[] = {
    {CORP,
     {"alice@example.com"},
     SDR_OK,
     0,
     {.owners = HOSTED, .strength = 1},
     "cn=a",
     NULL},
    {CORP,
     {"ALICE@Example.com"},
     SDR_OK,
     0,
     {.owners = HOSTED, .strength = 1},
     "cn=a",
     NULL},
    {CORP,
     {"bob@example.com"},
     SDR_OK,
     0,
     {.owners = CLOUD, .routing_site = 1},
     "cn=b",
     "Bob.B@hosted.example.com"},
    {CORP,
     {"both@example.com"},
     SDR_OK,
     0,
     {.owners = ONPREM | HOSTED},
     "cn=c",
     NULL},
    {CORP,
     {"held@example.com"},
     SDR_OK,
     0,
     {.owners = ONPREM, .hold = true},
     "cn=h",
     NULL},
    {CORP,
     {"lost@example.com"},
     SDR_OK,
     0,
     {.foreign_owner = true},
     "cn=l",
     NULL},
    {CORP,
     {"bad@example.com"},
     SDR_OK,
     0,
     {.owners = ONPREM,
      .bad_routing = true,
      .outside = true,
      .by_default = true},
     "cn=w",
     NULL},
    /* keys, one after the other */
    {CORP,
     {"alice+x@example.com", "alice@example.com", "@example.com"},
     SDR_OK,
     1,
     {.owners = HOSTED, .strength = 1},
     "cn=a",
     NULL},
    {CORP,
     {"dave+x@example.com", "dave@example.com", "@example.com"},
     SDR_OK,
     2,
     {.owners = CLOUD, .strength = 2},
     "cn=*",
     NULL},
    {CORP,
     {"dave@example.com", "@example.com"},
     SDR_OK,
     1,
     {.owners = CLOUD, .strength = 2},
     "cn=*",
     NULL},
    {CORP, {"dave@example.com"}, SDR_NOTFOUND, 0, {0}, NULL, NULL},
    {CORP,
     {"alice@example.org", "@example.org"},
     SDR_NOTFOUND,
     0,
     {0},
     NULL,
     NULL},
    {CORP, {"\"\"@example.com"}, SDR_NOTFOUND, 0, {0}, NULL, NULL},
    /* several entries */
    {CORP,
     {"twins@example.com"},
     SDR_OK,
     0,
     {.owners = HOSTED, .strength = 1},
     "cn=t",
     NULL},
    {CORP,
     {"rivals@example.com"},
     SDR_OK,
     0,
     {.owners = HOSTED, .strength = 1, .disagree = true},
     "cn=r",
     NULL},
    {CORP, {"senior@example.com"}, SDR_OK, 0, {.owners = CLOUD}, "cn=y", NULL},
    {CORP,
     {"juniors@example.com"},
     SDR_OK,
     0,
     {.owners = ONPREM},
     "cn=3",
     NULL},
    /* each directory has its own */
    {CORP, {"carol@example.com"}, SDR_NOTFOUND, 0, {0}, NULL, NULL},
    {MERGED,
     {"carol@example.com"},
     SDR_OK,
     0,
     {.directory = MERGED, .owners = CLOUD, .routing_wins = true},
     "cn=a",
     NULL},
    {MERGED,
     {"alice@example.com", "@example.com"},
     SDR_NOTFOUND,
     0,
     {0},
     NULL,
     NULL},
};

static bool
same(const struct sdr_facts *a, const struct sdr_facts *b)
{
    return a->directory == b->directory && a->strength == b->strength
           && a->owners == b->owners && a->hold == b->hold
           && a->foreign_owner == b->foreign_owner
           && a->bad_routing == b->bad_routing && a->outside == b->outside
           && a->by_default == b->by_default && a->disagree == b->disagree
           && a->routing_wins == b->routing_wins;
}

static bool
has_routing(const struct sdr_facts *facts, const char *routing, unsigned site)
{
    char text[SDR_ADDRESS_MAX + 1];

    if (routing == NULL || !facts->has_routing)
        return (routing != NULL) == facts->has_routing;
    sdr_address_format(&facts->routing, text, sizeof text);
    return strcmp(text, routing) == 0 && facts->routing_site == site;
}

static void
it_says_what_was_written(void **state)
{
    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_keys keys = box_keys(rows[i].keys);
        struct sdr_facts facts;
        struct sdr_error error = {""};
        enum sdr_status status;

        memset(&facts, 0xff, sizeof facts);
        status = sdr_replica_lookup(replica, rows[i].directory, &keys,
                                    time(NULL), &facts, &error);
        if (!unit_row(status == rows[i].status, "%s: %s %s", rows[i].keys[0],
                      sdr_status_name(status), error.text)
            || status != SDR_OK)
            continue;
        unit_row(facts.key == rows[i].key && same(&facts, &rows[i].facts)
                     && strcmp(facts.dn, rows[i].dn) == 0
                     && has_routing(&facts, rows[i].routing,
                                    rows[i].facts.routing_site),
                 "%s: key %u, owners %u, disagree %d, %s", rows[i].keys[0],
                 facts.key, facts.owners, facts.disagree, facts.dn);
    }
    unit_end();
}

static void
it_names_the_entry_where_something_may_be_wrong(void **state)
{
    unsigned named = 0, unnamed = 0;

    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct sdr_facts *expected = &rows[i].facts;
        bool doubtful = expected->disagree || expected->foreign_owner
                        || expected->bad_routing || expected->outside
                        || rows[i].routing != NULL;
        struct sdr_keys keys = box_keys(rows[i].keys);
        struct sdr_facts facts;
        struct sdr_error error;

        if (rows[i].status != SDR_OK)
            continue;
        memset(&facts, 0xff, sizeof facts);
        unit_row(sdr_replica_lookup_unnamed(replica, rows[i].directory, &keys,
                                            time(NULL), &facts, &error)
                         == SDR_OK
                     && facts.key == rows[i].key && same(&facts, expected)
                     && strcmp(facts.dn, doubtful ? rows[i].dn : "") == 0,
                 "%s: %s", rows[i].keys[0], facts.dn);
        named += doubtful;
        unnamed += !doubtful;
    }
    assert_true(named > 0 && unnamed > 0);
    unit_end();
}

/* ---- other facts ---- */

static const struct sdr_record_status known = {.refreshed = 1,
                                               .changed = 2,
                                               .generation = 3,
                                               .failed = 4,
                                               .method = "syncrepl",
                                               .server = "ldap://x",
                                               .error = "why"};

static void
write_status(const struct box *b, void *arg)
{
    const unsigned char key[2] = {MERGED, 's'};
    struct box_writer writer;

    (void)arg;
    box_open(&writer, b, 1 << 20);
    box_begin(&writer);
    box_put(&writer, writer.meta, key, sizeof key, &known, sizeof known);
    box_commit(&writer);
}

static void
state_and_status_are_read(void **state)
{
    struct sdr_record_state s;
    struct sdr_record_status status;
    struct sdr_error error;

    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    box_in_child(&box, write_status, NULL);
    assert_int_equal(sdr_replica_state(replica, CORP, &s, &error), SDR_OK);
    assert_int_equal(s.complete, 1);
    assert_int_equal(s.entries, UNIT_COUNT(entries));
    assert_int_equal(sdr_replica_status(replica, MERGED, &status, &error),
                     SDR_OK);
    assert_memory_equal(&status, &known, sizeof known);
    assert_int_equal(sdr_replica_status(replica, CORP, &status, &error),
                     SDR_TEMPFAIL);
}

/* ---- all of it ---- */

static void
add_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    char line[1100];

    snprintf(line, sizeof line, "%u %s %s %u %u", facts->directory, address,
             facts->dn, facts->strength, facts->owners);
    unit_add_line(arg, line);
}

/* An entry's record is found by its ID; the order is that of names. */
static void
a_walk_meets_everything_in_order(void **state)
{
    struct unit_lines corp = {"", 0}, merged = {"", 0};
    struct sdr_error error;

    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    assert_int_equal(sdr_replica_walk(replica, CORP, add_row, &corp, &error),
                     SDR_OK);
    assert_string_equal(corp.text, "0 @example.com cn=* 2 4\n"
                                   "0 alice@example.com cn=a 1 2\n"
                                   "0 bad@example.com cn=w 0 1\n"
                                   "0 bob@example.com cn=b 0 4\n"
                                   "0 both@example.com cn=c 0 3\n"
                                   "0 held@example.com cn=h 0 1\n"
                                   "0 juniors@example.com cn=1 2 2\n"
                                   "0 juniors@example.com cn=2 2 4\n"
                                   "0 juniors@example.com cn=3 0 1\n"
                                   "0 lost@example.com cn=l 0 0\n"
                                   "0 rivals@example.com cn=r 1 2\n"
                                   "0 rivals@example.com cn=s 1 4\n"
                                   "0 senior@example.com cn=x 2 2\n"
                                   "0 senior@example.com cn=y 0 4\n"
                                   "0 senior@example.com cn=z 1 1\n"
                                   "0 twins@example.com cn=t 1 2\n"
                                   "0 twins@example.com cn=u 1 2\n");
    assert_int_equal(
        sdr_replica_walk(replica, MERGED, add_row, &merged, &error), SDR_OK);
    assert_string_equal(merged.text, "1 carol@example.com cn=a 0 4\n");
}

/* Written in the reverse order. */
static void
a_walk_does_not_know_the_history(void **state)
{
    struct box_entry reverse[UNIT_COUNT(entries)];
    struct unit_lines first = {"", 0}, second = {"", 0};
    struct sdr_error error;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(entries); i++)
        reverse[i] = entries[UNIT_COUNT(entries) - 1 - i];
    box_write(&box, entries, UNIT_COUNT(entries));
    assert_int_equal(sdr_replica_walk(replica, CORP, add_row, &first, &error),
                     SDR_OK);
    box_write(&box, reverse, UNIT_COUNT(reverse));
    assert_int_equal(sdr_replica_walk(replica, CORP, add_row, &second, &error),
                     SDR_OK);
    assert_string_equal(first.text, second.text);
}

/* ---- invalid records ---- */

/* A record of ours that is changed before it is written. */
struct spoilt {
    const char *what;
    struct sdr_facts facts;
    size_t cut; /* octets at its end */
};

static const struct spoilt spoilts[] = {
    {"cut short", {.owners = HOSTED}, 1},
    {"nothing at all", {.owners = HOSTED}, SIZE_MAX},
    {"an owner that is no site", {.owners = 8}, 0},
    {"the last bit", {.owners = (sdr_sites)1 << 31}, 0},
    {"a routing site that is none", {.owners = HOSTED, .routing_site = 3}, 0},
    {"one far away", {.owners = HOSTED, .routing_site = 255}, 0},
};

static void
write_spoilt(const struct box *b, void *arg)
{
    static const unsigned char id[SDR_RECORD_ID_SIZE] = "a";
    const struct spoilt *spoilt = arg;
    unsigned char record[SDR_RECORD_MAX];
    size_t len = sdr_record_write(record, id, &spoilt->facts);
    struct sdr_record_key key;
    struct sdr_address address;
    struct box_writer writer;

    BOX_MUST(sdr_address_read(&address, "alice@example.com", 17) == SDR_OK);
    sdr_record_key(&key, CORP, &address);
    box_open(&writer, b, 1 << 20);
    box_begin(&writer);
    BOX_MUST(mdb_drop(writer.txn, writer.addresses, 0) == 0);
    box_put_record(&writer, &key, record,
                   spoilt->cut > len ? 0 : len - spoilt->cut);
    box_commit(&writer);
}

static void
what_is_no_record_is_no_answer(void **state)
{
    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    for (size_t i = 0; i < UNIT_COUNT(spoilts); i++) {
        struct spoilt spoilt = spoilts[i];
        struct unit_lines lines = {"", 0};
        struct sdr_facts facts;
        struct sdr_error error;
        enum sdr_status status;

        box_in_child(&box, write_spoilt, &spoilt);
        status = box_ask(replica, "alice@example.com", &facts, &error);
        unit_row(status == SDR_TEMPFAIL && error.text[0] != '\0', "%s: %s",
                 spoilt.what, sdr_status_name(status));
        status = sdr_replica_walk(replica, CORP, add_row, &lines, &error);
        unit_row(lines.count == 0
                     && (status == SDR_TEMPFAIL || spoilt.cut == SIZE_MAX),
                 "%s: walk: %s", spoilt.what, sdr_status_name(status));
    }
    unit_end();
}

/* The name is only for the log; routing works without it. */
static void
write_nameless(const struct box *b, void *arg)
{
    struct box_writer writer;

    (void)arg;
    box_open(&writer, b, 1 << 20);
    box_begin(&writer);
    BOX_MUST(mdb_drop(writer.txn, writer.entries, 0) == 0);
    box_commit(&writer);
}

static void
an_entry_without_a_name_still_counts(void **state)
{
    struct sdr_facts facts;
    struct sdr_error error;

    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    box_in_child(&box, write_nameless, NULL);
    assert_int_equal(box_ask(replica, "alice@example.com", &facts, &error),
                     SDR_OK);
    assert_int_equal(facts.owners, HOSTED);
    assert_string_equal(facts.dn, "");
}

/* A name that is too long, and one without an end. */
static void
write_long_names(const struct box *b, void *arg)
{
    unsigned char a[1 + SDR_RECORD_ID_SIZE] = {CORP, 'a'};
    unsigned char o[1 + SDR_RECORD_ID_SIZE] = {CORP, 'b'};
    struct box_writer writer;

    (void)arg;
    box_open(&writer, b, 1 << 20);
    box_begin(&writer);
    box_put(&writer, writer.entries, a, sizeof a, unit_repeat('n', 1000), 1001);
    box_put(&writer, writer.entries, o, sizeof o, "xyz", 3);
    box_commit(&writer);
}

static void
long_names_are_cut(void **state)
{
    struct sdr_facts facts;
    struct sdr_error error;

    (void)state;
    box_write(&box, entries, UNIT_COUNT(entries));
    box_in_child(&box, write_long_names, NULL);
    assert_int_equal(box_ask(replica, "alice@example.com", &facts, &error),
                     SDR_OK);
    assert_string_equal(facts.dn, unit_repeat('n', sizeof facts.dn - 1));
    assert_int_equal(box_ask(replica, "bob@example.com", &facts, &error),
                     SDR_OK);
    assert_string_equal(facts.dn, "xyz");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        READER_TEST(it_says_what_was_written),
        READER_TEST(it_names_the_entry_where_something_may_be_wrong),
        READER_TEST(state_and_status_are_read),
        READER_TEST(a_walk_meets_everything_in_order),
        READER_TEST(a_walk_does_not_know_the_history),
        READER_TEST(what_is_no_record_is_no_answer),
        READER_TEST(an_entry_without_a_name_still_counts),
        READER_TEST(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
