/* test_replica_readers.c - many who read one replica, in threads and processes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/file.h"

#include <grp.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

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

/* ---- readers ---- */

/* A child that starts something, reports it, and continues until it is ended.
 */
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

/* Hold the only slot. */
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
    box_write(&box, reader_hosted, 1);
    assert_int_equal(truncate(box.lock_file, 0), 0);
    companion = start(fill_readers);
    reader_is_silent("MDB_READERS_FULL");
    kill_it(&companion);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    reader_says(HOSTED);
    reader_says(HOSTED);
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

/* As a program does when it reloads its configuration. */
static void
a_second_one_in_the_process_does_no_harm(void **state)
{
    struct sdr_replica *second = sdr_replica_new(box.config);
    struct sdr_facts facts;
    struct sdr_error error;

    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    assert_int_equal(box_ask(second, "alice@example.com", &facts, &error),
                     SDR_OK);
    sdr_replica_free(&second);
    /* As sdr-sync does at intervals with readers that seem dead. */
    box_in_child(&box, tidy, NULL);
    reader_says(HOSTED);
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
    box_write(b, *(sdr_sites *)arg == HOSTED ? reader_cloud : reader_hosted, 1);
    BOX_MUST(box_ask(replica, "alice@example.com", &facts, &error) == SDR_OK);
    BOX_MUST(facts.owners != *(sdr_sites *)arg);
    sdr_replica_free(&replica);
}

static void
parent_and_child_go_on(void **state)
{
    sdr_sites owners = HOSTED;

    (void)state;
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    box_in_child(&box, look_as_child, &owners);
    reader_says(CLOUD);
    owners = CLOUD;
    box_in_child(&box, look_as_child, &owners);
    reader_says(HOSTED);
    box_in_child(&box, tidy, NULL);
    reader_says(HOSTED);
}

/* The object made before the fork is first used after it. */
static void
a_child_may_be_the_first_to_look(void **state)
{
    sdr_sites owners = HOSTED;

    (void)state;
    box_write(&box, reader_hosted, 1);
    box_in_child(&box, look_as_child, &owners);
    reader_says(CLOUD);
}

/* ---- threads ---- */

enum { THREADS = 8, LOOKS = 3000 };

static atomic_uint refused;

/* Alternates hosted and cloud, as fast as possible, while the file grows. */
static void
write_again_and_again(const struct box *b, int ready)
{
    struct box_writer writer;

    box_open(&writer, b, 64 << 20);
    for (unsigned i = 0;; i++) {
        char key[32], value[2000] = "";

        box_begin(&writer);
        BOX_MUST(mdb_drop(writer.txn, writer.addresses, 0) == 0);
        box_put_entry(&writer, i % 2 == 0 ? reader_hosted : reader_cloud);
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

        if (reader_ask(&owners, &error) != SDR_OK
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
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    companion = start(write_again_and_again);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, NULL),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    kill_it(&companion);
    assert_int_equal(atomic_load(&refused), 0);
}

/* More readers at once than idle transactions are kept. */
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
    usleep(50000); /* so that the others run, too */
    sdr_replica_end(arg, &view);
    return NULL;
}

static void
a_crowd_may_read_at_once(void **state)
{
    struct sdr_replica_file *file = sdr_replica_file_new(box.path);
    pthread_t threads[CROWD];

    (void)state;
    box_write(&box, reader_hosted, 1);
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
    reader_says(HOSTED);
    sdr_replica_file_free(&file);
    assert_null(file);
    sdr_replica_file_free(&file);
    reader_says(HOSTED);
}

/* ---- access ---- */

static void
root_believes_only_root_and_sdr(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    box_write(&box, reader_hosted, 1);
    assert_int_equal(chmod(box.path, 0660), 0);
    reader_is_silent("root reads it");
    assert_int_equal(chmod(box.path, 0640), 0);
    assert_int_equal(chown(box.path, 65534, 0), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    reader_is_silent("root reads it");
    assert_int_equal(chown(box.path, 0, 0), 0);
    assert_int_equal(chmod(box.folder, 0777), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    reader_is_silent("its folder must belong to root");
    assert_int_equal(chmod(box.folder, 0750), 0);
    sdr_replica_free(&replica);
    replica = sdr_replica_new(box.config);
    reader_says(HOSTED);
}

/* As the user nobody, with or without the file's group. */
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
    box_write(&box, reader_hosted, 1);
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
/* The C library's own functions, under their internal names. */
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
    box_write(&box, reader_hosted, 1);
    reader_says(HOSTED);
    before = allocations;
    for (int i = 0; i < 1000; i++) {
        struct sdr_error error;
        sdr_sites owners;

        reader_ask(&owners, &error);
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
    const struct CMUnitTest tests[] = {
        READER_TEST(slots_of_the_dead_are_taken),
        READER_TEST(a_second_one_in_the_process_does_no_harm),
        READER_TEST(parent_and_child_go_on),
        READER_TEST(a_child_may_be_the_first_to_look),
        READER_TEST(many_threads_read_what_is_being_written),
        READER_TEST(a_crowd_may_read_at_once),
        READER_TEST(root_believes_only_root_and_sdr),
        READER_TEST(the_group_may_read),
        READER_TEST(a_hit_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
