/* test_guard.c - how much a directory may lose at once
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/guard.h"

#include "store/sealed.h"
#include "store/state.h"
#include "unit.h"

static const struct {
    uint64_t losses, entries;
    unsigned max_removed;
    bool too_much;
} rows[] = {
    {0, 0, 10, false},
    {0, 100, 0, false},
    {1, 0, 10, true},
    {1, 1, 10, true}, /* all of them */
    {1, 1, 100, true},
    {1, 2, 0, false},
    {5, 6, 0, false}, /* never too many */
    {5, 5, 100, true},
    {6, 100, 0, true},
    {6, 7, 85, true},
    {6, 7, 86, false},
    {10, 100, 10, false},
    {11, 100, 10, true},
    {99, 100, 99, false},
    {99, 100, 98, true},
    {99, 100, 100, false},
    {100, 100, 100, true},
    {101, 100, 100, true},
    {100000, 1000000, 10, false},
    {100001, 1000000, 10, true},
};

static void
how_much_is_too_much(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_row(guard_is_too_much(rows[i].losses, rows[i].entries,
                                   rows[i].max_removed)
                     == rows[i].too_much,
                 "%u of %u, %u %%", (unsigned)rows[i].losses,
                 (unsigned)rows[i].entries, rows[i].max_removed);
    unit_end();
}

/* ---- a file ---- */

enum { NOW = 1000000, MAX_REMOVED = 10, MAX_MOVED = 25 };

struct desk {
    char path[64], lock_path[72];
    MDB_env *env;
    struct tables tables;
    struct guard guard;
    struct sdr_config *config;
};

static int
set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    struct tables *tables = &desk->tables;
    char folder[] = "/tmp/sdr-guard-XXXXXX";

    assert_non_null(mkdtemp(folder));
    snprintf(desk->path, sizeof desk->path, "%s/file", folder);
    snprintf(desk->lock_path, sizeof desk->lock_path, "%s-lock", desk->path);
    desk->config = unit_config(UNIT_CONF "[directory other]\n"
                                         "uri = @URI@\n"
                                         "search-base = dc=other\n"
                                         "default-owner = onprem\n");
    assert_int_equal(mdb_env_create(&desk->env), 0);
    assert_int_equal(mdb_env_set_maxdbs(desk->env, 4), 0);
    assert_int_equal(mdb_env_set_mapsize(desk->env, 16 << 20), 0);
    assert_int_equal(mdb_env_open(desk->env, desk->path, MDB_NOSUBDIR, 0600),
                     0);
    assert_int_equal(mdb_txn_begin(desk->env, NULL, 0, &tables->txn), 0);
    assert_int_equal(
        mdb_dbi_open(tables->txn, "a", MDB_CREATE, &tables->addresses), 0);
    assert_int_equal(
        mdb_dbi_open(tables->txn, "e", MDB_CREATE, &tables->entries), 0);
    assert_int_equal(mdb_dbi_open(tables->txn, "h", MDB_CREATE, &tables->held),
                     0);
    *state = desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    mdb_txn_abort(desk->tables.txn);
    mdb_env_close(desk->env);
    sdr_config_free(&desk->config);
    unlink(desk->path);
    unlink(desk->lock_path);
    *strrchr(desk->path, '/') = '\0';
    assert_int_equal(rmdir(desk->path), 0);
    free(desk);
    return 0;
}

/* ---- changes of a directory ---- */

/* The first is all zero. */
static void
set_id(struct change *change, unsigned id)
{
    memcpy(change->id, &id, sizeof id);
}

/* The entry ID has these addresses, with spaces between them, and this owner;
 * NULL: none. */
static void
says(struct desk *desk, unsigned id, const char *addresses, const char *owner)
{
    struct change change = {.octets = NULL};
    char copy[256], *rest = copy, *word;
    struct entry entry;

    set_id(&change, id);
    snprintf(copy, sizeof copy, "%s", addresses);
    entry_begin(&entry, desk->config, desk->tables.directory, change.id,
                "cn=somebody");
    while ((word = strsep(&rest, " ")) != NULL)
        entry_value(&entry, "sdrAddress", word, strlen(word));
    if (owner != NULL)
        entry_value(&entry, "sdrOwner", owner, strlen(owner));
    assert_true(entry_end(&entry));
    change.octets = entry.octets;
    change.len = entry.len;
    assert_int_equal(guard_apply(&desk->guard, &desk->tables, &change), 0);
    entry_clear(&entry);
}

static void
forgets(struct desk *desk, unsigned id)
{
    struct change change = {.octets = NULL};

    set_id(&change, id);
    assert_int_equal(guard_apply(&desk->guard, &desk->tables, &change), 0);
}

static const char *
address_of(unsigned id)
{
    static char text[4][64];
    static unsigned next;
    char *out = text[next++ % UNIT_COUNT(text)];

    snprintf(out, sizeof text[0], "u%u@example.com", id);
    return out;
}

/* This many people of hosted, from the first on. */
static void
crowd(struct desk *desk, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        says(desk, i, address_of(i), "hosted");
}

static void
decide(struct desk *desk, int64_t now)
{
    const struct guard_limits limits = {MAX_REMOVED, MAX_MOVED};

    guard_begin(&desk->guard, now);
    assert_int_equal(guard_sort_out(&desk->guard, &desk->tables), 0);
    assert_int_equal(guard_decide(&desk->guard, &desk->tables, &limits), 0);
}

/* ---- what readers see ---- */

/* The owners of all entries with this address; 0 if there is none. */
static sdr_sites
owners(const struct desk *desk, const char *text)
{
    struct sdr_address address;
    struct sdr_record_key key;
    unsigned char id[SDR_RECORD_ID_SIZE];
    const unsigned char *at;
    struct sdr_facts facts;
    sdr_sites all = 0;
    MDB_val name, value;

    assert_int_equal(sdr_address_parse(&address, text), SDR_OK);
    sdr_record_key(&key, 0, &address);
    name = (MDB_val){key.len, key.octets};
    if (sealed_get(&desk->tables, desk->tables.addresses, &name, &value) != 0)
        return 0;
    at = value.mv_data;
    while (sdr_record_read(&at, &value.mv_size, id, &facts))
        all |= facts.owners;
    assert_int_equal(value.mv_size, 0);
    return all;
}

static unsigned
count(const struct desk *desk, MDB_dbi dbi)
{
    MDB_stat stat;

    assert_int_equal(mdb_stat(desk->tables.txn, dbi, &stat), 0);
    return (unsigned)stat.ms_entries;
}

/* The guard's counts equal the content. */
static void
check(const struct desk *desk, unsigned entries, unsigned held, bool holding)
{
    assert_int_equal(count(desk, desk->tables.entries), entries);
    assert_int_equal(desk->guard.entries, entries);
    assert_int_equal(count(desk, desk->tables.held), held);
    assert_int_equal(desk->guard.held, held);
    assert_int_equal(desk->guard.holding, holding);
}

/* ---- tests ---- */

static void
what_is_new_is_seen_at_once(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    check(desk, 20, 0, false);
    assert_true(desk->guard.changed);
    assert_int_equal(owners(desk, address_of(7)), HOSTED);
    says(desk, 7, address_of(7), "cloud");
    assert_int_equal(owners(desk, address_of(7)), CLOUD);
    check(desk, 20, 0, false);
}

static void
the_same_is_no_change(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    desk->guard.changed = false;
    crowd(desk, 20);
    forgets(desk, 99);
    assert_false(desk->guard.changed);
    check(desk, 20, 0, false);
}

static void
few_are_let_go(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 5; i++)
        forgets(desk, i);
    check(desk, 20, 5, false);
    assert_int_equal(owners(desk, address_of(0)), HOSTED);
    decide(desk, NOW);
    check(desk, 15, 0, false);
    assert_int_equal(owners(desk, address_of(0)), 0);
    assert_int_equal(desk->guard.recent, 5);
}

static void
many_are_held(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 6; i++)
        forgets(desk, i);
    decide(desk, NOW);
    check(desk, 20, 6, true);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(owners(desk, address_of(i)), HOSTED);
    /* However often it happens, and however late. */
    decide(desk, NOW + 1000000);
    check(desk, 20, 6, true);
    assert_int_equal(guard_let_go(&desk->guard, &desk->tables), 0);
    assert_int_equal(count(desk, desk->tables.entries), 14);
}

static void
bit_by_bit(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 8; i++) {
        forgets(desk, i);
        decide(desk, NOW + i);
    }
    check(desk, 15, 3, true);
    assert_int_equal(desk->guard.lost, 8);
    assert_int_equal(desk->guard.of, 20);
}

static void
slowly(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 15; i++) {
        forgets(desk, i);
        decide(desk, NOW + 700 * (int64_t)i);
    }
    check(desk, 5, 0, false);
}

/* ---- the clock ---- */

/* The removals released 1000 s after the machine's first boot. */
static const struct {
    const char *boot;
    int64_t now;
    uint64_t recent;
    int64_t since;
} moments[] = {
    {"first", 1000, 5, 1000},      {"first", 1600, 5, 1000},
    {"first", 1601, 0, 1601},      {"second", 10, 5, 10},
    {"second", 100000, 5, 100000},
};

static void
it_is_not_the_time_of_day(void **state)
{
    struct state before = {
        .own = {.recent_since = {1000, "first"}, .recent = 5, .moved = 5}};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(moments); i++) {
        struct boot_time now = {.seconds = moments[i].now};
        struct guard guard;

        memcpy(now.boot, moments[i].boot, strlen(moments[i].boot));
        guard = state_guard(&before, &now);
        unit_row(guard.recent == moments[i].recent
                     && guard.moved == moments[i].recent
                     && guard.recent_since == moments[i].since,
                 "%s %d: %d since %d", moments[i].boot, (int)now.seconds,
                 (int)guard.recent, (int)guard.recent_since);
    }
    unit_end();
}

static void
it_can_be_reported(void **state)
{
    struct boot_time a = boot_clock_now(), b = boot_clock_now();
    const unsigned char none[sizeof a.boot] = {0};

    (void)state;
    assert_true(a.seconds > 0 && b.seconds >= a.seconds);
    assert_memory_equal(a.boot, b.boot, sizeof a.boot);
    assert_memory_not_equal(a.boot, none, sizeof none);
}

/* ---- moves ---- */

static void
moves_are_counted(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    assert_int_equal(desk->guard.moves, 0);
    for (unsigned i = 0; i < 10; i++)
        says(desk, i, address_of(i), i % 2 == 0 ? "cloud" : "onprem");
    says(desk, 10, address_of(10), "hosted");
    says(desk, 11, address_of(11), NULL);
    says(desk, 12, "another@example.com", "hosted");
    decide(desk, NOW);
    check(desk, 20, 0, false);
    assert_int_equal(desk->guard.moves, 10);
    assert_int_equal(owners(desk, address_of(0)), CLOUD);
}

static void
many_moves_are_held_where_there_is_a_limit(void **state)
{
    struct desk *desk = *state;

    desk->guard.hold_moves = true;
    crowd(desk, 20);
    for (unsigned i = 0; i < 5; i++)
        says(desk, i, address_of(i), "cloud");
    decide(desk, NOW);
    check(desk, 20, 0, false);
    assert_int_equal(owners(desk, address_of(0)), CLOUD);
    /* new entries with them are accepted */
    for (unsigned i = 5; i < 11; i++)
        says(desk, i, i == 5 ? "u5@example.com new@example.com" : address_of(i),
             "cloud");
    decide(desk, NOW);
    assert_int_equal(desk->guard.holding, SDR_RECORD_HOLDS_MOVES);
    assert_int_equal(desk->guard.held, 6);
    assert_int_equal(desk->guard.moving, 6);
    assert_int_equal(owners(desk, address_of(5)), HOSTED);
    assert_int_equal(owners(desk, "new@example.com"), HOSTED);
    /* people who come back */
    says(desk, 6, address_of(6), "hosted");
    decide(desk, NOW);
    check(desk, 20, 0, false);
    assert_int_equal(owners(desk, address_of(5)), CLOUD);
    assert_int_equal(owners(desk, address_of(6)), HOSTED);
}

static void
moves_and_losses_have_limits_of_their_own(void **state)
{
    struct desk *desk = *state;

    desk->guard.hold_moves = true;
    crowd(desk, 40);
    for (unsigned i = 0; i < 10; i++)
        says(desk, i, address_of(i), "cloud");
    for (unsigned i = 10; i < 14; i++)
        forgets(desk, i);
    decide(desk, NOW);
    check(desk, 36, 0, false);
    assert_int_equal(desk->guard.recent, 4);
    assert_int_equal(desk->guard.moves, 10);
    forgets(desk, 14);
    forgets(desk, 15);
    says(desk, 16, address_of(16), "cloud");
    decide(desk, NOW);
    check(desk, 36, 3, SDR_RECORD_HOLDS_LOSSES);
    assert_int_equal(desk->guard.lost, 6);
}

static void
who_comes_back_is_held_no_more(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 10; i++)
        forgets(desk, i);
    decide(desk, NOW);
    says(desk, 0, address_of(0), "hosted");
    says(desk, 1, address_of(1), "cloud");
    check(desk, 20, 8, true);
    assert_int_equal(owners(desk, address_of(1)), CLOUD);
    for (unsigned i = 2; i < 5; i++)
        says(desk, i, address_of(i), "hosted");
    decide(desk, NOW);
    check(desk, 15, 0, false);
}

static void
what_is_new_of_one_who_is_held(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 10; i++)
        says(desk, i, "", "hosted");
    decide(desk, NOW);
    check(desk, 20, 10, true);
    says(desk, 0, "new@example.com", "cloud");
    assert_int_equal(owners(desk, "new@example.com"), CLOUD);
    assert_int_equal(owners(desk, address_of(0)), CLOUD);
    check(desk, 20, 10, true);
    assert_int_equal(guard_let_go(&desk->guard, &desk->tables), 0);
    assert_int_equal(owners(desk, address_of(0)), 0);
    assert_int_equal(owners(desk, "new@example.com"), CLOUD);
}

static void
owners_that_are_lost(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 10; i++)
        says(desk, i, address_of(i), i % 2 == 0 ? NULL : "nowhere");
    decide(desk, NOW);
    check(desk, 20, 10, true);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(owners(desk, address_of(i)), HOSTED);
}

static void
addresses_that_move(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 10; i++) {
        forgets(desk, i);
        says(desk, 100 + i, address_of(i), "cloud");
    }
    decide(desk, NOW);
    check(desk, 20, 0, false);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(owners(desk, address_of(i)), CLOUD);
    assert_int_equal(desk->guard.recent, 0);
}

static void
addresses_that_move_without_their_owner(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 10; i++) {
        forgets(desk, i);
        says(desk, 100 + i, address_of(i), i % 2 == 0 ? NULL : "nowhere");
    }
    decide(desk, NOW);
    check(desk, 30, 10, true);
}

/* Each has the other's address, but only because the loss is held back. */
static void
losses_do_not_excuse_each_other(void **state)
{
    struct desk *desk = *state;

    crowd(desk, 20);
    for (unsigned i = 0; i < 20; i++)
        says(desk, i, "shared@example.com", "hosted");
    decide(desk, NOW);
    check(desk, 20, 20, true);
    for (unsigned i = 0; i < 20; i++)
        forgets(desk, i);
    decide(desk, NOW);
    check(desk, 20, 20, true);
    assert_int_equal(owners(desk, "shared@example.com"), HOSTED);
}

static void
directories_are_apart(void **state)
{
    struct desk *desk = *state;
    struct desk other = *desk;

    other.tables.directory = 1;
    crowd(desk, 20);
    crowd(&other, 20);
    for (unsigned i = 0; i < 10; i++) {
        forgets(desk, i);
        forgets(&other, i);
    }
    assert_int_equal(guard_let_go(&other.guard, &other.tables), 0);
    assert_int_equal(other.guard.entries, 10);
    decide(desk, NOW);
    assert_true(desk->guard.holding);
    assert_int_equal(desk->guard.entries, 20);
    assert_int_equal(count(desk, desk->tables.entries), 30);
    assert_int_equal(count(desk, desk->tables.held), 10);
    assert_int_equal(tables_clear(&other.tables, desk->tables.entries), 0);
    assert_int_equal(count(desk, desk->tables.entries), 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_much_is_too_much),
        TEST(what_is_new_is_seen_at_once),
        TEST(the_same_is_no_change),
        TEST(few_are_let_go),
        TEST(many_are_held),
        TEST(bit_by_bit),
        TEST(slowly),
        cmocka_unit_test(it_is_not_the_time_of_day),
        cmocka_unit_test(it_can_be_reported),
        TEST(moves_are_counted),
        TEST(many_moves_are_held_where_there_is_a_limit),
        TEST(moves_and_losses_have_limits_of_their_own),
        TEST(who_comes_back_is_held_no_more),
        TEST(what_is_new_of_one_who_is_held),
        TEST(owners_that_are_lost),
        TEST(addresses_that_move),
        TEST(addresses_that_move_without_their_owner),
        TEST(losses_do_not_excuse_each_other),
        TEST(directories_are_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
