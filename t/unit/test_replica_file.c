/* test_replica_file.c - a replica that comes, goes, breaks and grows
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica_file.h"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "box.h"

#define CONF                                                                   \
    UNIT_CONF "[replica]\n"                                                    \
              "path = @REPLICA@\n"

static struct box box;
static struct sdr_replica *replica;

static const struct box_entry hosted[] = {
    {0, "alice@example.com", 'a', 0, {.owners = HOSTED}, NULL}};
static const struct box_entry cloud[] = {
    {0, "alice@example.com", 'a', 0, {.owners = CLOUD}, NULL}};

static int
make(void **state)
{
    (void)state;
    box = box_make(CONF);
    replica = sdr_replica_new(box.config);
    return replica == NULL;
}

static int
clean_up(void **state)
{
    (void)state;
    sdr_replica_free(&replica);
    box_remove(&box);
    return 0;
}

/* What it says now of Alice; the owners if she is found. */
static enum sdr_status
ask(sdr_sites *owners, struct sdr_error *error)
{
    struct sdr_facts facts;
    enum sdr_status status =
        box_ask(replica, "alice@example.com", &facts, error);

    *owners = status == SDR_OK ? facts.owners : 0;
    return status;
}

static void
assert_says(sdr_sites owners)
{
    struct sdr_error error;
    sdr_sites found;

    if (ask(&found, &error) != SDR_OK)
        fail_msg("%s", error.text);
    assert_int_equal(found, owners);
}

static void
assert_silent(const char *reason)
{
    struct sdr_error error;
    sdr_sites found;

    assert_int_equal(ask(&found, &error), SDR_TEMPFAIL);
    if (strstr(error.text, reason) == NULL
        || strstr(error.text, box.path) == NULL)
        fail_msg("%s", error.text);
}

/* ---- it comes and goes ---- */

static void
it_comes_goes_and_comes_again(void **state)
{
    (void)state;
    assert_silent("No such file");
    box_write(&box, hosted, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, HOSTED));
    assert_int_equal(unlink(box.path), 0);
    assert_true(
        box_comes_to_say(replica, "alice@example.com", SDR_TEMPFAIL, 0));
    assert_silent("No such file");
    box_write(&box, cloud, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, CLOUD));
}

static void
a_commit_is_seen_at_once(void **state)
{
    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    box_write(&box, cloud, 1);
    assert_says(CLOUD);
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
}

static void
it_may_be_replaced_by_another(void **state)
{
    struct box other = box_make(CONF);

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    sdr_config_free(&other.config);
    other.config = box.config; /* the copy has its fingerprint */
    box_write(&other, cloud, 1);
    assert_int_equal(rename(other.path, box.path), 0);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, CLOUD));
    other.config = NULL;
    box_remove(&other);
}

/* ---- what is no replica ---- */

static void
without_a_lock_file_it_is_not_opened(void **state)
{
    struct stat st;

    (void)state;
    box_write(&box, hosted, 1);
    assert_int_equal(unlink(box.lock_file), 0);
    assert_silent("-lock: No such file");
    assert_int_equal(stat(box.lock_file, &st), -1);
    box_write(&box, hosted, 1);
    assert_true(box_comes_to_say(replica, "alice@example.com", SDR_OK, HOSTED));
}

/* Nothing of ours in it, or nothing of LMDB's. */
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
    assert_silent("it is no replica");
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
        assert_silent("");
        sdr_replica_free(&fresh);
        replica = sdr_replica_new(box.config);
    }
    for (int fill = 0; fill <= 255; fill += 85) {
        memset(page, fill, sizeof page);
        unit_write(box.path, page, sizeof page, 0640);
        assert_silent("");
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
    assert_silent("");
    assert_int_equal(rmdir(box.path), 0);
    assert_int_equal(mkfifo(box.path, 0600), 0);
    assert_silent("");
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

/* Alice's record comes after much else, so that it stands at the end. */
static void
write_at_the_end(size_t before)
{
    size_t more = before;

    box_write(&box, hosted, 1);
    box_in_child(&box, write_much, &more);
    box_write(&box, cloud, 1);
}

static void
cut(off_t size)
{
    assert_int_equal(truncate(box.path, size), 0);
}

static off_t
size_now(void)
{
    struct stat st;

    assert_int_equal(stat(box.path, &st), 0);
    return st.st_size;
}

/* Looks in a process of its own, with a new object: the status of each length
 * but the whole must be not now. */
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
        assert_silent("");
    }
}

/* Between two looks at it the file has grown, and was cut to more than it had
 * been. */
static void
grown_and_cut_it_is_silent(void **state)
{
    size_t more = 400000;
    off_t before;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    before = size_now();
    box_in_child(&box, write_much, &more);
    box_write(&box, cloud, 1);
    cut((before + size_now()) / 2);
    assert_silent("");
    box_in_child(&box, look, NULL);
}

/* ---- it grows ---- */

static void
it_may_grow_beyond_what_is_mapped(void **state)
{
    size_t more = (size_t)8 << 20;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    box_in_child(&box, write_much, &more);
    assert_true(size_now() > 4 << 20);
    assert_says(HOSTED);
    box_write(&box, cloud, 1);
    assert_says(CLOUD);
}

/* ---- readers ---- */

/* A child that does something, says so, and does it until it is ended. */
struct companion {
    pid_t pid;
    int ready;
};

static struct companion
start(void (*run)(const struct box *, int ready))
{
    struct companion companion;
    int ends[2];
    char octet;

    assert_int_equal(pipe(ends), 0);
    companion.pid = fork();
    assert_true(companion.pid >= 0);
    if (companion.pid == 0) {
        close(ends[0]);
        run(&box, ends[1]); /* does not return */
    }
    close(ends[1]);
    companion.ready = ends[0];
    assert_int_equal(read(companion.ready, &octet, 1), 1);
    return companion;
}

/* It has not ended before. */
static void
kill_it(struct companion *companion)
{
    int status;

    assert_int_equal(waitpid(companion->pid, &status, WNOHANG), 0);
    assert_int_equal(kill(companion->pid, SIGKILL), 0);
    assert_int_equal(waitpid(companion->pid, &status, 0), companion->pid);
    close(companion->ready);
}

/* Holds the only slot that there is. */
static void
fill_readers(const struct box *b, int ready)
{
    MDB_env *env;
    MDB_txn *txn;

    BOX_MUST(mdb_env_create(&env) == 0);
    BOX_MUST(mdb_env_set_maxreaders(env, 1) == 0);
    BOX_MUST(mdb_env_open(env, b->path, MDB_NOSUBDIR | MDB_NOTLS, 0640) == 0);
    while (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0)
        continue;
    BOX_MUST(write(ready, "", 1) == 1);
    for (;;)
        pause();
}

static void
slots_of_the_dead_are_taken(void **state)
{
    struct companion companion;

    (void)state;
    box_write(&box, hosted, 1);
    assert_int_equal(truncate(box.lock_file, 0), 0);
    companion = start(fill_readers);
    assert_silent("MDB_READERS_FULL");
    kill_it(&companion);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    assert_says(HOSTED);
    assert_says(HOSTED);
}

static void
tidy(const struct box *b, void *arg)
{
    struct box_writer writer;
    int dead = 0;

    (void)arg;
    box_open(&writer, b, 1 << 20);
    BOX_MUST(mdb_reader_check(writer.env, &dead) == 0);
    mdb_env_close(writer.env);
}

/* As a program does that reads its configuration again. */
static void
a_second_one_in_the_process_does_no_harm(void **state)
{
    struct sdr_replica *second = sdr_replica_new(box.config);
    struct sdr_facts facts;
    struct sdr_error error;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    assert_int_equal(box_ask(second, "alice@example.com", &facts, &error),
                     SDR_OK);
    sdr_replica_free(&second);
    /* What sdr-sync does now and then with readers that seem dead. */
    box_in_child(&box, tidy, NULL);
    assert_says(HOSTED);
}

/* ---- processes ---- */

static void
look_as_grandchild(const struct box *b, void *arg)
{
    struct sdr_facts facts;
    struct sdr_error error;

    (void)b;
    (void)arg;
    BOX_MUST(box_ask(replica, "alice@example.com", &facts, &error) == SDR_OK);
}

static void
look_as_child(const struct box *b, void *arg)
{
    struct sdr_facts facts;
    struct sdr_error error;

    for (int i = 0; i < 3; i++)
        BOX_MUST(box_ask(replica, "alice@example.com", &facts, &error)
                 == SDR_OK);
    BOX_MUST(facts.owners == *(sdr_sites *)arg);
    BOX_MUST(box_child(b, look_as_grandchild, NULL));
    box_write(b, *(sdr_sites *)arg == HOSTED ? cloud : hosted, 1);
    BOX_MUST(box_ask(replica, "alice@example.com", &facts, &error) == SDR_OK);
    BOX_MUST(facts.owners != *(sdr_sites *)arg);
    sdr_replica_free(&replica);
}

static void
parent_and_child_go_on(void **state)
{
    sdr_sites owners = HOSTED;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    box_in_child(&box, look_as_child, &owners);
    assert_says(CLOUD);
    owners = CLOUD;
    box_in_child(&box, look_as_child, &owners);
    assert_says(HOSTED);
    box_in_child(&box, tidy, NULL);
    assert_says(HOSTED);
}

/* The one that was made before the fork is used after it for the first time. */
static void
a_child_may_be_the_first_to_look(void **state)
{
    sdr_sites owners = HOSTED;

    (void)state;
    box_write(&box, hosted, 1);
    box_in_child(&box, look_as_child, &owners);
    assert_says(CLOUD);
}

/* ---- threads ---- */

enum { THREADS = 8, LOOKS = 3000 };

static atomic_uint refused;

/* Hosted and cloud in turn, as fast as it goes; the file grows meanwhile. */
static void
write_again_and_again(const struct box *b, int ready)
{
    struct box_writer writer;

    box_open(&writer, b, 64 << 20);
    for (unsigned i = 0;; i++) {
        char key[32], value[2000] = "";

        box_begin(&writer);
        BOX_MUST(mdb_drop(writer.txn, writer.addresses, 0) == 0);
        box_put_entry(&writer, i % 2 == 0 ? hosted : cloud);
        snprintf(key, sizeof key, "filler%u", i % 10000);
        box_put(&writer, writer.entries, key, strlen(key), value, sizeof value);
        box_commit(&writer);
        if (i == 0)
            BOX_MUST(write(ready, "", 1) == 1);
    }
}

static void *
look_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < LOOKS; i++) {
        struct sdr_error error;
        sdr_sites owners;

        if (ask(&owners, &error) != SDR_OK
            || (owners != HOSTED && owners != CLOUD))
            atomic_fetch_add(&refused, 1);
    }
    return NULL;
}

static void
many_threads_read_what_is_being_written(void **state)
{
    pthread_t threads[THREADS];
    struct companion companion;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    companion = start(write_again_and_again);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, NULL),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    kill_it(&companion);
    assert_int_equal(atomic_load(&refused), 0);
}

/* More readers at once than transactions that may rest. */
enum { CROWD = 100 };

static pthread_barrier_t together;

static void *
read_together(void *arg)
{
    struct sdr_replica_view view;
    struct sdr_error error;

    pthread_barrier_wait(&together);
    if (sdr_replica_begin(arg, &view, &error) != SDR_OK) {
        atomic_fetch_add(&refused, 1);
        return NULL;
    }
    usleep(50000); /* so that the others come too */
    sdr_replica_end(arg, &view);
    return NULL;
}

static void
a_crowd_may_read_at_once(void **state)
{
    struct sdr_replica_file *file = sdr_replica_file_new(box.path);
    pthread_t threads[CROWD];

    (void)state;
    box_write(&box, hosted, 1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(pthread_barrier_init(&together, NULL, CROWD), 0);
        for (int i = 0; i < CROWD; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, read_together, file), 0);
        for (int i = 0; i < CROWD; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        pthread_barrier_destroy(&together);
        assert_int_equal(atomic_load(&refused), 0);
    }
    assert_says(HOSTED);
    sdr_replica_file_free(&file);
    assert_null(file);
    sdr_replica_file_free(&file);
    assert_says(HOSTED);
}

/* ---- rights ---- */

static void
root_believes_only_root_and_sdr(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    box_write(&box, hosted, 1);
    assert_int_equal(chmod(box.path, 0660), 0);
    assert_silent("root reads it");
    assert_int_equal(chmod(box.path, 0640), 0);
    assert_int_equal(chown(box.path, 65534, 0), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    assert_silent("root reads it");
    assert_int_equal(chown(box.path, 0, 0), 0);
    assert_int_equal(chmod(box.folder, 0777), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    assert_silent("its folder must belong to root");
    assert_int_equal(chmod(box.folder, 0750), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    assert_says(HOSTED);
}

/* As nobody, who is in the group of the file or not. */
static void
look_as_nobody(const struct box *b, void *arg)
{
    gid_t group = *(gid_t *)arg;
    struct sdr_replica *fresh = sdr_replica_new(b->config);
    struct sdr_facts facts;
    struct sdr_error error;
    enum sdr_status expected = group == 0 ? SDR_TEMPFAIL : SDR_OK;

    BOX_MUST(setgroups(0, NULL) == 0);
    BOX_MUST(setgid(group == 0 ? 65534 : group) == 0);
    BOX_MUST(setuid(65534) == 0);
    BOX_MUST(box_ask(fresh, "alice@example.com", &facts, &error) == expected);
    BOX_MUST(expected == SDR_OK
             || strstr(error.text, "Permission denied") != NULL);
    sdr_replica_free(&fresh);
}

static void
the_group_may_read(void **state)
{
    static gid_t groups[] = {0, 12345};

    (void)state;
    if (geteuid() != 0)
        skip();
    box_write(&box, hosted, 1);
    assert_int_equal(chmod(box.folder, 0755), 0);
    assert_int_equal(chown(box.path, 0, 12345), 0);
    assert_int_equal(chmod(box.path, 0640), 0);
    assert_int_equal(chown(box.lock_file, 0, 12345), 0);
    assert_int_equal(chmod(box.lock_file, 0660), 0);
    for (size_t i = 0; i < UNIT_COUNT(groups); i++)
        box_in_child(&box, look_as_nobody, &groups[i]);
}

/* ---- memory ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef COUNTS_ALLOCATIONS
#define COUNTS_ALLOCATIONS 1
#endif

#if COUNTS_ALLOCATIONS
/* The C library's own, under the names that it has for this. */
void *
__libc_malloc(size_t size);
void *
__libc_calloc(size_t count, size_t size);
void *
__libc_realloc(void *block, size_t size);

static _Atomic unsigned long allocations;

void *
malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    allocations++;
    return __libc_realloc(block, size);
}
#endif

static void
a_hit_allocates_nothing(void **state)
{
#if COUNTS_ALLOCATIONS
    unsigned long before;
    char *volatile block;

    (void)state;
    box_write(&box, hosted, 1);
    assert_says(HOSTED);
    before = allocations;
    for (int i = 0; i < 1000; i++) {
        struct sdr_error error;
        sdr_sites owners;

        ask(&owners, &error);
    }
    assert_int_equal(allocations - before, 0);
    block = malloc(1);
    free(block);
    /* the test itself: under valgrind nothing is counted */
    if (allocations == before)
        skip();
#else
    (void)state;
    skip();
#endif
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean_up)
    const struct CMUnitTest tests[] = {
        TEST(it_comes_goes_and_comes_again),
        TEST(a_commit_is_seen_at_once),
        TEST(it_may_be_replaced_by_another),
        TEST(without_a_lock_file_it_is_not_opened),
        TEST(a_database_of_others_is_none),
        TEST(what_is_no_database_is_none),
        TEST(a_folder_is_no_file),
        TEST(cut_short_it_is_not_opened),
        TEST(cut_short_while_it_is_open_it_is_silent),
        TEST(grown_and_cut_it_is_silent),
        TEST(it_may_grow_beyond_what_is_mapped),
        TEST(slots_of_the_dead_are_taken),
        TEST(a_second_one_in_the_process_does_no_harm),
        TEST(parent_and_child_go_on),
        TEST(a_child_may_be_the_first_to_look),
        TEST(many_threads_read_what_is_being_written),
        TEST(a_crowd_may_read_at_once),
        TEST(root_believes_only_root_and_sdr),
        TEST(the_group_may_read),
        TEST(a_hit_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
