/* test_replica_file.c - a replica that comes, goes, breaks and grows
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/file.h"

#include "net/clock.h"
#include "reader.h"

#define CONF                                                                   \
    UNIT_CONF "[replica]\n"                                                    \
              "path = @REPLICA@\n"

static int
make(void **state)
{
    (void)state;
    return reader_make(CONF);
}

/* ---- the file appears and disappears ---- */

static void
it_comes_goes_and_comes_again(void **state)
{
    (void)state;
    reader_is_silent("No such file");
    box_write(&box, reader_hosted, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, HOSTED));
    assert_int_equal(unlink(box.path), 0);
    assert_true(
        box_comes_to_say(replica, "alice@example.com", SDR_TEMPFAIL, 0));
    reader_is_silent("No such file");
    box_write(&box, reader_cloud, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, CLOUD));
}

static void
a_commit_is_seen_at_once(void **state)
{
    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    box_write(&box, reader_cloud, 1);
    reader_says(CLOUD);
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
}

static void
it_may_be_replaced_by_another(void **state)
{
    struct box other = box_make(CONF);

    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    sdr_config_free(&other.config);
    other.config = box.config; /* the copy has its fingerprint */
    box_write(&other, reader_cloud, 1);
    assert_int_equal(rename(other.path, box.path), 0);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, CLOUD));
    other.config = NULL;
    box_remove(&other);
}

/* ---- not a replica ---- */

static void
without_a_lock_file_it_is_not_opened(void **state)
{
    struct stat st;

    (void)state;
    box_write(&box, reader_hosted, 1);
    assert_int_equal(unlink(box.lock_file), 0);
    reader_is_silent("-lock: No such file");
    assert_int_equal(stat(box.lock_file, &st), -1);
    box_write(&box, reader_hosted, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, HOSTED));
}

/* It has no tables of ours, or is not an LMDB file. */
static void
write_foreign(const struct box *b, void *arg)
{
    struct box_writer writer;
    MDB_dbi dbi;

    (void)arg;
    box_open(&writer, b, 1 << 20);
    BOX_MUST(mdb_txn_begin(writer.env, NULL, 0, &writer.txn) == 0);
    BOX_MUST(mdb_dbi_open(writer.txn, "other", MDB_CREATE, &dbi) == 0);
    box_commit(&writer);
}

static void
a_database_of_others_is_none(void **state)
{
    (void)state;
    box_in_child(&box, write_foreign, NULL);
    reader_is_silent("it is not a replica");
}

static void
what_is_no_database_is_none(void **state)
{
    static const char *const texts[] = {"", "x", "no database\n"};
    char page[16384];

    (void)state;
    unit_write(box.lock_file, "", 0, 0660);
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct sdr_replica *fresh = replica;

        unit_write(box.path, texts[i], strlen(texts[i]), 0640);
        reader_is_silent("");
        sdr_replica_free(&fresh);
        replica = sdr_replica_new(box.config);
    }
    for (int fill = 0; fill <= 255; fill += 85) {
        memset(page, fill, sizeof page);
        unit_write(box.path, page, sizeof page, 0640);
        reader_is_silent("");
        sdr_replica_free(&replica);
        replica = sdr_replica_new(box.config);
    }
}

static void
a_folder_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(box.path, 0700), 0);
    unit_write(box.lock_file, "", 0, 0660);
    reader_is_silent("");
    assert_int_equal(rmdir(box.path), 0);
    assert_int_equal(mkfifo(box.path, 0600), 0);
    reader_is_silent("");
}

/* ---- cut short: never a signal ---- */

/* Many pages. */
static void
write_much(const struct box *b, void *arg)
{
    struct box_writer writer;

    box_open(&writer, b, 4 * *(size_t *)arg + ((size_t)1 << 20));
    box_begin(&writer);
    for (unsigned i = 0; i < *(size_t *)arg / 200; i++) {
        char key[32], value[160] = "";

        snprintf(key, sizeof key, "filler%08u", i);
        box_put(&writer, writer.entries, key, strlen(key), value, sizeof value);
    }
    box_commit(&writer);
}

/* Alice's record is written last, so that it is at the end. */
static void
write_at_the_end(size_t before)
{
    size_t more = before;

    box_write(&box, reader_hosted, 1);
    box_in_child(&box, write_much, &more);
    box_write(&box, reader_cloud, 1);
}

/* The length is checked once per tick of the kernel's clock. */
static void
await_tick(void)
{
    const struct timespec time = {.tv_nsec = 1000000};
    int64_t tick = sdr_clock_tick();

    while (sdr_clock_tick() == tick)
        nanosleep(&time, NULL);
}

static void
cut(off_t size)
{
    assert_int_equal(truncate(box.path, size), 0);
    await_tick();
}

static off_t
size_now(void)
{
    struct stat st;

    assert_int_equal(stat(box.path, &st), 0);
    return st.st_size;
}

/* Look up in a separate process, with a new object: for every length but the
 * full one, the status must be "not now". */
static void
look(const struct box *b, void *arg)
{
    struct sdr_replica *fresh = sdr_replica_new(b->config);
    struct sdr_facts facts;
    struct sdr_error error;

    (void)arg;
    BOX_MUST(box_ask(fresh, "alice@example.com", &facts, &error)
             == SDR_TEMPFAIL);
    sdr_replica_free(&fresh);
}

static void
cut_short_it_is_not_opened(void **state)
{
    off_t whole;

    (void)state;
    write_at_the_end(100000);
    whole = size_now();
    assert_true(whole > 100000);
    for (off_t size = whole - 1; size >= 0; size -= size > 12288 ? 4096 : 512) {
        cut(size);
        box_in_child(&box, look, NULL);
    }
}

static void
cut_short_while_it_is_open_it_is_silent(void **state)
{
    static const off_t sizes[] = {4096, 8192, 100, 0, 50000};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        unlink(box.path);
        write_at_the_end(100000);
        assert_true(
            box_comes_to_say(replica, "alice@example.com", SDR_OK, CLOUD));
        cut(sizes[i]);
        reader_is_silent("");
    }
}

/* Between two checks the file has grown, and was then truncated to more than
 * its old length. */
static void
grown_and_cut_it_is_silent(void **state)
{
    size_t more = 400000;
    off_t before;

    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    before = size_now();
    box_in_child(&box, write_much, &more);
    box_write(&box, reader_cloud, 1);
    cut((before + size_now()) / 2);
    reader_is_silent("");
    box_in_child(&box, look, NULL);
}

/* ---- it grows ---- */

static void
it_may_grow_beyond_what_is_mapped(void **state)
{
    size_t more = (size_t)8 << 20;

    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    box_in_child(&box, write_much, &more);
    assert_true(size_now() > 4 << 20);
    reader_says(HOSTED);
    box_write(&box, reader_cloud, 1);
    reader_says(CLOUD);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        READER_TEST(it_comes_goes_and_comes_again),
        READER_TEST(a_commit_is_seen_at_once),
        READER_TEST(it_may_be_replaced_by_another),
        READER_TEST(without_a_lock_file_it_is_not_opened),
        READER_TEST(a_database_of_others_is_none),
        READER_TEST(what_is_no_database_is_none),
        READER_TEST(a_folder_is_no_file),
        READER_TEST(cut_short_it_is_not_opened),
        READER_TEST(cut_short_while_it_is_open_it_is_silent),
        READER_TEST(grown_and_cut_it_is_silent),
        READER_TEST(it_may_grow_beyond_what_is_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
