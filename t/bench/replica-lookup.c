/* replica-lookup.c - how fast the replica answers, beside LMDB itself
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: replica-lookup SDR.CONF FILE SECONDS
 *
 * FILE holds an address a line. Each in turn, for so many seconds together:
 * mdb_get of the same keys in the same file, the look-up, the whole decision.
 * Then a process that has nothing open yet. Prints "SIDE RATE" lines, in
 * answers a second; the last in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include "record.h"
#include "replica.h"
#include "sdr.h"

enum { ADDRESSES_MAX = 100000, TURNS = 10, SLICE = 1000 };

struct bench {
    struct sdr *sdr;
    struct sdr_replica *replica;
    MDB_env *env;
    MDB_dbi dbi;
    char **addresses;
    struct sdr_record_key *keys;
    struct sdr_keys *questions;
    size_t count;
    unsigned long found;
};

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
    fprintf(stderr, "replica-lookup: %s\n", what);
    exit(1);
}

static void
read_addresses(struct bench *bench, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL)
        die(path);
    bench->addresses = calloc(ADDRESSES_MAX, sizeof *bench->addresses);
    bench->keys = calloc(ADDRESSES_MAX, sizeof *bench->keys);
    bench->questions = calloc(ADDRESSES_MAX, sizeof *bench->questions);
    while (bench->count < ADDRESSES_MAX && getline(&line, &size, file) > 0) {
        struct sdr_keys *keys = &bench->questions[bench->count];

        line[strcspn(line, "\n")] = '\0';
        if (sdr_address_parse(&keys->key[0], line) != SDR_OK)
            die(line);
        keys->count = 1;
        sdr_record_key(&bench->keys[bench->count], 0, &keys->key[0]);
        bench->addresses[bench->count++] = strdup(line);
    }
    free(line);
    fclose(file);
    if (bench->count == 0)
        die("no addresses");
}

/* ---- the sides ---- */

static MDB_txn *raw_txn;

static void
raw_get(struct bench *bench, size_t i)
{
    MDB_val key = {bench->keys[i].len, bench->keys[i].octets}, value;

    if (raw_txn == NULL) {
        if (mdb_txn_begin(bench->env, NULL, MDB_RDONLY, &raw_txn) != 0)
            die("mdb_txn_begin");
    } else if (mdb_txn_renew(raw_txn) != 0) {
        die("mdb_txn_renew");
    }
    bench->found += mdb_get(raw_txn, bench->dbi, &key, &value) == 0;
    mdb_txn_reset(raw_txn);
}

static void
look_up(struct bench *bench, size_t i)
{
    struct sdr_facts facts;
    struct sdr_error error;

    bench->found += sdr_replica_lookup(bench->replica, 0, &bench->questions[i],
                                       time(NULL), &facts, &error)
                    == SDR_OK;
}

static void
decide(struct bench *bench, size_t i)
{
    struct sdr_verdict verdict;

    sdr_decide(bench->sdr, bench->addresses[i], NULL, &verdict);
    bench->found += verdict.origin == SDR_FROM_REPLICA;
}

static const struct side {
    const char *name;
    void (*ask)(struct bench *bench, size_t i);
} sides[] = {
    {"mdb_get", raw_get},
    {"look-up", look_up},
    {"decision", decide},
};
enum { SIDES = sizeof sides / sizeof sides[0] };

/* Answers a second, for about so long. */
static double
rate(struct bench *bench, const struct side *side, double seconds)
{
    static size_t next;
    double begin = now(), end = begin;
    unsigned long asked = 0;

    bench->found = 0;
    while (end - begin < seconds) {
        for (unsigned i = 0; i < SLICE; i++, asked++) {
            side->ask(bench, next);
            next = (next + 1) % bench->count;
        }
        end = now();
    }
    if (bench->found != asked)
        die("an address was not found");
    return (double)asked / (end - begin);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Open, ask, close, in a child; its own time. */
static double
first_look_up(struct bench *bench, const char *conf)
{
    int pipes[2];
    double microseconds = 0;
    pid_t child;

    if (pipe(pipes) != 0 || (child = fork()) < 0)
        die("fork");
    if (child == 0) {
        struct sdr_trace silent = {0};
        struct sdr *sdr = NULL;
        struct sdr_verdict verdict;
        double begin;

        (void)silent;
        if (sdr_open(&sdr, conf, NULL) != SDR_OK)
            _exit(1);
        begin = now();
        sdr_decide(sdr, bench->addresses[0], NULL, &verdict);
        microseconds = (now() - begin) * 1e6;
        _exit(write(pipes[1], &microseconds, sizeof microseconds)
              != (ssize_t)sizeof microseconds);
    }
    close(pipes[1]);
    if (read(pipes[0], &microseconds, sizeof microseconds)
        != (ssize_t)sizeof microseconds)
        die("a child");
    close(pipes[0]);
    waitpid(child, NULL, 0);
    return microseconds;
}

static void
open_all(struct bench *bench, const char *conf)
{
    const char *path;
    MDB_txn *txn;

    if (sdr_open(&bench->sdr, conf, NULL) != SDR_OK)
        die(conf);
    path = sdr_get_config(bench->sdr)->replica.path;
    bench->replica = sdr_replica_new(sdr_get_config(bench->sdr));
    if (path == NULL || bench->replica == NULL
        || mdb_env_create(&bench->env) != 0
        || mdb_env_set_maxdbs(bench->env, 4) != 0
        || mdb_env_open(bench->env, path, MDB_RDONLY | MDB_NOSUBDIR, 0) != 0
        || mdb_txn_begin(bench->env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, SDR_RECORD_ADDRESSES, 0, &bench->dbi) != 0
        || mdb_txn_commit(txn) != 0)
        die("cannot open the replica");
}

int
main(int argc, char **argv)
{
    double rates[SIDES][TURNS], first[TURNS * 10];
    struct bench bench = {0};

    if (argc != 4)
        die("usage: replica-lookup SDR.CONF ADDRESSES SECONDS");
    read_addresses(&bench, argv[2]);
    /* Before anything is open here: children have nothing of it. */
    for (unsigned t = 0; t < TURNS * 10; t++)
        first[t] = first_look_up(&bench, argv[1]);
    open_all(&bench, argv[1]);
    for (unsigned t = 0; t < TURNS; t++) {
        for (unsigned s = 0; s < SIDES; s++)
            rates[s][t] =
                rate(&bench, &sides[s], strtod(argv[3], NULL) / TURNS / SIDES);
    }
    for (unsigned s = 0; s < SIDES; s++) {
        qsort(rates[s], TURNS, sizeof rates[s][0], compare);
        printf("%s %.0f\n", sides[s].name, rates[s][TURNS / 2]);
    }
    qsort(first, TURNS * 10, sizeof first[0], compare);
    printf("first %.0f\n", first[TURNS * 5]);
    return 0;
}
