/* test_failover.c - who waits for a connection is not overtaken
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/failover.h"

#include <pthread.h>
#include <time.h>

#include "net/clock.h"
#include "unit.h"

static const char *uris[] = {"ldap://127.0.0.1"};
static const struct sdr_directory_options options = {
    .name = "corp", .uris = {.items = uris, .count = 1}, .max_connections = 1};

static struct sdr_pool *pool;

static int
make(void **state)
{
    (void)state;
    pool = sdr_pool_new(&options);
    return pool == NULL ? -1 : 0;
}

static int
clean(void **state)
{
    (void)state;
    sdr_pool_free(&pool);
    return 0;
}

/* A client with its own thread. */
struct asker {
    int64_t patience; /* milliseconds */
    pthread_t thread;
    bool served;
    unsigned turn; /* its position in the order of service */
};

static unsigned turns; /* changed by the client that has the slot */

static struct sdr_slot *
take(struct sdr_failover *failover, int64_t patience)
{
    struct sdr_error error = {""};

    if (!sdr_failover_begin(failover, pool, sdr_clock() + patience))
        return NULL;
    return sdr_failover_take_slot(failover, &error);
}

static void
give_back(struct sdr_failover *failover, struct sdr_slot *slot)
{
    if (slot != NULL)
        sdr_failover_return_slot(failover, slot, true);
    sdr_failover_end(failover);
}

static void *
ask(void *arg)
{
    struct asker *asker = arg;
    struct sdr_failover failover;
    struct sdr_slot *slot = take(&failover, asker->patience);

    asker->served = slot != NULL;
    if (asker->served)
        asker->turn = ++turns;
    give_back(&failover, slot);
    return NULL;
}

static unsigned
waiting(void)
{
    unsigned count;

    pthread_mutex_lock(&pool->lock);
    count = pool->servers[0].waiting;
    pthread_mutex_unlock(&pool->lock);
    return count;
}

static void
await_waiting(unsigned count)
{
    const struct timespec time = {.tv_nsec = 1000000};

    while (waiting() != count)
        nanosleep(&time, NULL);
}

static void
who_comes_back_at_once_comes_after_who_waits(void **state)
{
    enum { ASKERS = 5 };
    struct asker askers[ASKERS];
    struct sdr_failover failover;
    struct sdr_slot *slot = take(&failover, 60000);

    (void)state;
    turns = 0;
    assert_non_null(slot);
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.patience = 60000};
        assert_int_equal(
            pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    await_waiting(ASKERS);
    give_back(&failover, slot);
    slot = take(&failover, 60000);
    assert_non_null(slot);
    assert_int_equal(turns, ASKERS);
    give_back(&failover, slot);
    for (unsigned i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_true(askers[i].served);
    }
    assert_int_equal(waiting(), 0);
}

static void
who_gives_up_holds_nobody_up(void **state)
{
    struct asker asker = {.patience = 50};
    struct sdr_failover failover;
    struct sdr_slot *slot = take(&failover, 60000);

    (void)state;
    assert_non_null(slot);
    assert_int_equal(pthread_create(&asker.thread, NULL, ask, &asker), 0);
    pthread_join(asker.thread, NULL);
    assert_false(asker.served);
    assert_int_equal(waiting(), 0);
    give_back(&failover, slot);
    slot = take(&failover, 60000);
    assert_non_null(slot);
    give_back(&failover, slot);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_comes_back_at_once_comes_after_who_waits, make, clean),
        cmocka_unit_test_setup_teardown(who_gives_up_holds_nobody_up, make,
                                        clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
