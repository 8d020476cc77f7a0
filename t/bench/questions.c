/* questions.c - how many questions a second one process gets answered
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: questions SIDE SDR.CONF ADDRESSES SECONDS ASKERS
 *
 *   decide   sdr_decide(), all askers with one struct sdr: from the replica if
 *            the configuration has one, else by a live search
 *   mdb_get  a read of the same key in the same replica
 *   ldap     ldap_search_ext_s() with the same filter for the same attributes,
 *            each asker over a connection of his own
 *
 * ADDRESSES is a file with one a line; all of them must be somebody at the site
 * "hosted". Askers are threads, each of which begins elsewhere in the list. A
 * wrong answer ends it. Prints "NAME NUMBER" lines: answers a second; the
 * sockets that were open; the microseconds that the longest answer took, where
 * several ask; those that asker 0's first took, which is not among them.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ldap.h>
#include <lmdb.h>

#include "filter.h"
#include "profile.h"
#include "record.h"
#include "sdr.h"

enum { ADDRESSES_MAX = 100000, ASKERS_MAX = 1024, PATIENCE_S = 60 };

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "questions: %s: %s\n", what, why);
    exit(1);
}

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

/* ---- the questions, as each side wants them ---- */

static struct sdr *sdr;
static const struct sdr_directory_options *directory;
static char *addresses[ADDRESSES_MAX];
static size_t count;

static void
read_addresses(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL)
        die(path, "cannot be read");
    while (count < ADDRESSES_MAX && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        addresses[count++] = strdup(line);
    }
    free(line);
    fclose(file);
    if (count == 0)
        die(path, "no addresses");
}

/* What is looked up for the address. */
static void
find_keys(const char *address, struct sdr_keys *keys)
{
    struct sdr_question question;
    struct sdr_verdict verdict;

    if (sdr_route_begin(sdr_get_config(sdr), address, &question, &verdict)
        == SDR_OK)
        die(address, "is not in a split domain");
    *keys = question.keys;
}

/* ---- the sides ---- */

static void
decide_prepare(void)
{
}

static void *
decide_open(void)
{
    return sdr_ref(sdr);
}

static void
decide_ask(void *shared, size_t i)
{
    static const char site[] = "@hosted.example.com";
    struct sdr_verdict verdict;
    const char *at;

    sdr_decide(shared, addresses[i], NULL, &verdict);
    at = verdict.kind == SDR_REDIRECT ? strrchr(verdict.targets[0].address, '@')
                                      : NULL;
    if (at == NULL || strcmp(at, site) != 0)
        die(addresses[i], verdict.reason);
}

static void
decide_close(void *shared)
{
    struct sdr *reference = shared;

    sdr_close(&reference);
}

static MDB_env *env;
static MDB_dbi dbi;
static MDB_val keys[ADDRESSES_MAX];

static void
raw_prepare(void)
{
    const char *path = sdr_get_config(sdr)->replica.path;
    MDB_txn *txn;

    if (path == NULL || mdb_env_create(&env) != 0
        || mdb_env_set_maxdbs(env, 4) != 0
        || mdb_env_open(env, path, MDB_RDONLY | MDB_NOSUBDIR, 0) != 0
        || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0
        || mdb_dbi_open(txn, SDR_RECORD_ADDRESSES, 0, &dbi) != 0
        || mdb_txn_commit(txn) != 0)
        die("replica", "cannot be opened");
    for (size_t i = 0; i < count; i++) {
        struct sdr_record_key key;
        struct sdr_keys its;

        find_keys(addresses[i], &its);
        sdr_record_key(&key, 0, &its.key[0]);
        keys[i].mv_size = key.len;
        keys[i].mv_data = malloc(key.len);
        memcpy(keys[i].mv_data, key.octets, key.len);
    }
}

static void *
raw_open(void)
{
    MDB_txn *txn;

    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
        die("mdb_txn_begin", "failed");
    mdb_txn_reset(txn);
    return txn;
}

static void
raw_ask(void *txn, size_t i)
{
    MDB_val value;

    if (mdb_txn_renew(txn) != 0 || mdb_get(txn, dbi, &keys[i], &value) != 0)
        die(addresses[i], "is not in the replica");
    mdb_txn_reset(txn);
}

static void
raw_close(void *txn)
{
    mdb_txn_abort(txn);
}

static char *filters[ADDRESSES_MAX];
static const char **attributes;

static void
plain_prepare(void)
{
    attributes = sdr_profile_attributes(&directory->mapping, NULL);
    for (size_t i = 0; i < count; i++) {
        struct sdr_keys its;

        find_keys(addresses[i], &its);
        filters[i] = sdr_filter_keys(directory, &its);
    }
}

static void *
plain_open(void)
{
    struct berval password = {.bv_len = strlen(directory->password),
                              .bv_val = directory->password};
    int version = LDAP_VERSION3;
    LDAP *ld;
    int rc = ldap_initialize(&ld, directory->uris.items[0]);

    if (rc == LDAP_SUCCESS)
        rc = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    if (rc == LDAP_SUCCESS)
        rc = ldap_sasl_bind_s(ld, directory->bind_dn, LDAP_SASL_SIMPLE,
                              &password, NULL, NULL, NULL);
    if (rc != LDAP_SUCCESS)
        die(directory->uris.items[0], ldap_err2string(rc));
    return ld;
}

static bool
says_hosted(LDAP *ld, LDAPMessage *answer)
{
    LDAPMessage *entry = ldap_first_entry(ld, answer);
    struct berval **owners =
        ldap_get_values_len(ld, entry, directory->mapping.owner);
    bool right = ldap_count_entries(ld, answer) == 1
                 && ldap_count_values_len(owners) == 1
                 && strcmp(owners[0]->bv_val, "hosted") == 0;

    ldap_value_free_len(owners);
    return right;
}

static void
plain_ask(void *ld, size_t i)
{
    struct timeval limit = {.tv_sec = directory->timeout};
    LDAPMessage *answer = NULL;
    int rc = ldap_search_ext_s(ld, directory->search_base, LDAP_SCOPE_SUBTREE,
                               filters[i], (char **)(uintptr_t)attributes, 0,
                               NULL, NULL, &limit, 0, &answer);

    if (rc != LDAP_SUCCESS)
        die(addresses[i], ldap_err2string(rc));
    if (!says_hosted(ld, answer))
        die(addresses[i], "is somebody else");
    ldap_msgfree(answer);
}

static void
plain_close(void *ld)
{
    ldap_unbind_ext_s(ld, NULL, NULL);
}

/* One asker after the other opens and closes what he asks through. */
static const struct side {
    const char *name;
    void (*prepare)(void);
    void *(*open)(void);
    void (*ask)(void *open, size_t i);
    void (*close)(void *open);
} sides[] = {
    {"decide", decide_prepare, decide_open, decide_ask, decide_close},
    {"mdb_get", raw_prepare, raw_open, raw_ask, raw_close},
    {"ldap", plain_prepare, plain_open, plain_ask, plain_close},
};

static const struct side *
find_side(const char *name)
{
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (strcmp(sides[i].name, name) == 0)
            return &sides[i];
    }
    die(name, "no such side");
    return NULL;
}

/* ---- the askers ---- */

struct asker {
    _Alignas(64) atomic_ulong asked; /* nobody else's cache line */
    size_t next;
    const struct side *side;
    pthread_t thread;
    double first;   /* seconds for the first answer ... */
    double longest; /* ... and for a later one, if somebody else asks too */
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
    bool timed = true;

    for (unsigned long asked = 1;
         !atomic_load_explicit(&stop, memory_order_relaxed); asked++) {
        double begin = timed ? now() : 0;

        asker->side->ask(open, asker->next);
        asker->next = (asker->next + 1) % count;
        atomic_store_explicit(&asker->asked, asked, memory_order_relaxed);
        if (timed)
            note(asker, asked == 1, now() - begin);
        /* To read the clock takes as long as some of the answers. */
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
        askers[i].next = count / asker_count * i;
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

    rest(seconds / 5); /* until all is open that will be */
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

/* Returns how long an answer took at most. */
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
    side = find_side(argv[1]);
    read_addresses(argv[3]);
    asker_count = (unsigned)strtoul(argv[5], NULL, 10);
    if (asker_count == 0 || asker_count > ASKERS_MAX)
        die(argv[5], "so many do not ask");
    if (sdr_open(&sdr, argv[2], NULL) != SDR_OK)
        die(argv[2], "cannot be used");
    directory = &sdr_get_config(sdr)->directories[0];
    side->prepare();
    start_all(side);
    printf("rate %.1f\n", measure(strtod(argv[4], NULL)));
    printf("sockets %u\n", count_sockets());
    printf("longest %.1f\n", stop_all() * 1e6);
    printf("first %.1f\n", askers[0].first * 1e6);
    sdr_close(&sdr);
    return 0;
}
