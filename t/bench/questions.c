/* questions.c - measures how many lookups a second one process can do
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: questions SIDE SDR.CONF ADDRESSES SECONDS ASKERS
 *
 *   decide   sdr_decide(), all threads with one struct sdr: from the replica if
 *            the configuration has one, else by a live search
 *   mdb_get  a read of the same key in the same replica
 *   ldap     ldap_search_ext_s() with the same filter and attributes, each
 *            thread over its own connection
 *
 * ADDRESSES is a file with one address a line; the owner of each must be the
 * site "hosted". ASKERS is the number of threads; each begins at another place
 * in the list. A wrong answer ends the program. Prints lines "NAME NUMBER":
 *
 *   rate     answers a second
 *   sockets  open sockets
 *   longest  microseconds of the slowest answer, without the first of each
 *            thread; 0 if there is only one thread
 *   first    microseconds of the first answer of the first thread
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "questions_sides.h"

enum { ASKERS_MAX = 1024, PATIENCE_S = 60 };

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
rest(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};

    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

/* ---- the askers ---- */

struct asker {
    _Alignas(64) atomic_ulong asked; /* in its own cache line */
    size_t next;
    const struct side *side;
    pthread_t thread;
    double first;   /* seconds of the first answer */
    double longest; /* of the slowest later one; 0 with one thread only */
};

static struct asker askers[ASKERS_MAX];
static unsigned asker_count;
static pthread_barrier_t all_open;
static atomic_bool stop;

static void
note(struct asker *asker, bool first, double seconds)
{
    if (first)
        asker->first = seconds;
    else if (seconds > asker->longest)
        asker->longest = seconds;
}

static void
ask_on(struct asker *asker, void *open)
{
    size_t count = questions_count();
    bool timed = true;

    for (unsigned long asked = 1;
         !atomic_load_explicit(&stop, memory_order_relaxed); asked++) {
        double begin = timed ? now() : 0;

        asker->side->ask(open, asker->next);
        if (++asker->next == count)
            asker->next = 0;
        atomic_store_explicit(&asker->asked, asked, memory_order_relaxed);
        if (timed)
            note(asker, asked == 1, now() - begin);
        /* Reading the clock takes as long as some answers. */
        timed = asker_count > 1;
    }
}

static void *
live(void *arg)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    struct asker *asker = arg;
    void *open;

    pthread_mutex_lock(&one_at_a_time);
    open = asker->side->open();
    pthread_mutex_unlock(&one_at_a_time);
    pthread_barrier_wait(&all_open);
    ask_on(asker, open);
    pthread_mutex_lock(&one_at_a_time);
    asker->side->close(open);
    pthread_mutex_unlock(&one_at_a_time);
    return NULL;
}

static unsigned long
all_asked(bool *everybody)
{
    unsigned long all = 0;

    *everybody = true;
    for (unsigned i = 0; i < asker_count; i++) {
        unsigned long its = atomic_load(&askers[i].asked);

        *everybody &= its > 0;
        all += its;
    }
    return all;
}

static void
start_all(const struct side *side)
{
    double begin = now();
    bool everybody = false;

    pthread_barrier_init(&all_open, NULL, asker_count);
    for (unsigned i = 0; i < asker_count; i++) {
        askers[i].side = side;
        askers[i].next = questions_count() / asker_count * i;
        if (pthread_create(&askers[i].thread, NULL, live, &askers[i]) != 0)
            die("pthread_create", "failed");
    }
    for (; !everybody; rest(0.001)) {
        all_asked(&everybody);
        if (now() - begin > PATIENCE_S)
            die(side->name, "not everybody got an answer");
    }
}

static double
measure(double seconds)
{
    bool everybody;
    unsigned long asked;
    double begin;

    rest(seconds / 5); /* until all connections are open */
    begin = now();
    asked = all_asked(&everybody);
    rest(seconds);
    asked = all_asked(&everybody) - asked;
    return (double)asked / (now() - begin);
}

static unsigned
count_sockets(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    unsigned sockets = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat is;

        sockets += fstat(atoi(entry->d_name), &is) == 0 && S_ISSOCK(is.st_mode);
    }
    if (folder != NULL)
        closedir(folder);
    return sockets;
}

/* Stop all threads. Returns the seconds of the slowest answer. */
static double
stop_all(void)
{
    double longest = 0;

    atomic_store(&stop, true);
    for (unsigned i = 0; i < asker_count; i++) {
        pthread_join(askers[i].thread, NULL);
        if (askers[i].longest > longest)
            longest = askers[i].longest;
    }
    return longest;
}

int
main(int argc, char **argv)
{
    const struct side *side;

    if (argc != 6)
        die("usage", "questions SIDE SDR.CONF ADDRESSES SECONDS ASKERS");
    side = side_find(argv[1]);
    questions_read(argv[2], argv[3]);
    asker_count = (unsigned)strtoul(argv[5], NULL, 10);
    if (asker_count == 0 || asker_count > ASKERS_MAX)
        die(argv[5], "so many do not ask");
    side->prepare();
    start_all(side);
    printf("rate %.1f\n", measure(strtod(argv[4], NULL)));
    printf("sockets %u\n", count_sockets());
    printf("longest %.1f\n", stop_all() * 1e6);
    printf("first %.1f\n", askers[0].first * 1e6);
    questions_free();
    return 0;
}
