/* test_damage.c - a replica that was damaged while nobody wrote to it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sdr-sync's own code writes a file with a history. Damaged in many ways, it
 * is read, walked, and opened again by the writer. What a reader says is right
 * or not now; nobody dies of it; the writer has it made anew, or it is sound.
 * Each step runs in a child. DAMAGES=N and SEED=N in the environment for more.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "box.h"

#define CONF                                                                   \
    UNIT_CONF "[replica]\npath = @REPLICA@\nunknown-max-age = 3600\n"          \
              "max-removed = 100\n"
enum { CORP, PEOPLE = 400, ROUNDS = 5, PAGE = 4096 };

/* A child takes much longer there. */
#ifdef __SANITIZE_ADDRESS__
enum { DAMAGES = 100, HISTORIES = 20 };
#else
enum { DAMAGES = 500, HISTORIES = 60 };
#endif

static struct box box;
static unsigned char *whole; /* the file */
static size_t pages;

/* No process reads it then, so there is none to wait for. */
int
nanosleep(const struct timespec *time_asked, struct timespec *left)
{
    (void)time_asked;
    (void)left;
    return 0;
}

/* ---- people: who has which owner after which round ---- */

static unsigned
mix(unsigned a, unsigned b)
{
    unsigned x = a * 2654435761U ^ b * 40503U;

    x ^= x >> 15;
    x *= 2246822519U;
    return x ^ x >> 13;
}

/* 0: the person does not exist. */
static sdr_sites
owner_of(unsigned person, unsigned round)
{
    unsigned last = 0;

    for (unsigned r = 1; r <= round; r++) {
        if (mix(person, r) % 4 == 0)
            last = r;
    }
    switch (mix(person, last + 100) % 5) {
    case 0:
        return 0;
    case 1:
        return ONPREM;
    case 2:
        return CLOUD;
    default:
        return HOSTED;
    }
}

static const char *
address_of(unsigned person, unsigned which)
{
    static char text[64];

    snprintf(text, sizeof text, "%s%u@example.com", which == 0 ? "u" : "alias.",
             person);
    return text;
}

static void
put_person(struct batch *batch, unsigned person, sdr_sites owner)
{
    static const char *const names[] = {
        [ONPREM] = "onprem", [HOSTED] = "hosted", [CLOUD] = "cloud"};
    unsigned char id[SDR_RECORD_ID_SIZE] = {0};
    unsigned mixed = mix(person, 7);
    struct entry entry;
    char name[128];

    memcpy(id, &mixed, sizeof mixed);
    memcpy(id + 8, &person, sizeof person);
    if (owner == 0) {
        BOX_MUST(batch_delete(batch, id));
        return;
    }
    snprintf(name, sizeof name, "uid=u%u,ou=people,dc=example,dc=com", person);
    entry_begin(&entry, box.config, CORP, id, name);
    for (unsigned which = 0; which < 2; which++)
        entry_value(&entry, "sdrAddress", address_of(person, which),
                    strlen(address_of(person, which)));
    entry_value(&entry, "sdrOwner", names[owner], strlen(names[owner]));
    BOX_MUST(entry_end(&entry) && batch_put(batch, &entry));
    entry_clear(&entry);
}

/* ---- the writer ---- */

static struct store *
open_store(void)
{
    struct store *store;
    struct sdr_error error = {""};

    if (store_open(&store, box.config, &error) == SDR_OK)
        return store;
    fprintf(stderr, "%s\n", error.text);
    _exit(1);
}

static void
read_all(struct store *store, unsigned round)
{
    struct store_mark mark = {.stage = STORE_FULL,
                              .method = "test",
                              .server = "ldap://127.0.0.1",
                              .cookie = "c",
                              .cookie_len = 1,
                              .contact = time(NULL)};
    struct batch batch = {NULL, 0, 0};
    struct sdr_error error = {""};

    for (unsigned i = 0; i < PEOPLE; i++)
        put_person(&batch, i, owner_of(i, round));
    if (store_commit(store, CORP, &batch, &mark, NULL, &error) != SDR_OK) {
        fprintf(stderr, "%s\n", error.text);
        _exit(1);
    }
    batch_clear(&batch);
}

static void
write_history(const struct box *b, void *arg)
{
    struct store *store = open_store();
    const unsigned *rounds = arg;

    (void)b;
    for (unsigned r = rounds[0]; r <= rounds[1]; r++)
        read_all(store, r);
    store_close(&store);
}

/* As sdr-sync does when it starts: twice, if it finds the damage only when it
 * writes. */
static void
start_again(const struct box *b, void *arg)
{
    struct store *store = open_store();
    struct store_mark mark = {.stage = STORE_FULL, .contact = time(NULL)};
    struct batch batch = {NULL, 0, 0};
    struct sdr_error error;

    (void)b;
    for (unsigned i = 0; i < PEOPLE; i++)
        put_person(&batch, i, owner_of(i, ROUNDS));
    if (store_commit(store, CORP, &batch, &mark, NULL, &error) != SDR_OK) {
        BOX_MUST(store_is_lost(store));
        ++*(volatile unsigned *)arg;
        store_close(&store);
        store = open_store();
        BOX_MUST(store_commit(store, CORP, &batch, &mark, NULL, &error)
                 == SDR_OK);
    }
    batch_clear(&batch);
    store_close(&store);
}

static size_t
used_pages(void)
{
    struct stat st;
    size_t size;
    int fd = open(box.path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    size = (size_t)lseek(fd, 0, SEEK_HOLE);
    close(fd);
    return size / PAGE;
}

static unsigned char *
load(void)
{
    FILE *file = fopen(box.path, "re");
    unsigned char *octets;

    pages = used_pages();
    octets = calloc(pages, PAGE);
    assert_non_null(file);
    assert_non_null(octets);
    assert_int_equal(fread(octets, PAGE, pages, file), pages);
    fclose(file);
    return octets;
}

/* ---- damages ---- */

static unsigned seed = 1;

static unsigned
random_below(size_t limit)
{
    seed = seed * 1103515245 + 12345;
    return (unsigned)((seed >> 8) % limit);
}

static void
store_octets(const unsigned char *octets, off_t size)
{
    int fd = open(box.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, octets, pages * PAGE, 0), pages * PAGE);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void
scribble(unsigned char *octets, size_t count)
{
    size_t at = random_below(pages * PAGE - count);

    for (size_t i = 0; i < count; i++)
        octets[at + i] = (unsigned char)random_below(256);
}

static void
swap_pages(unsigned char *octets)
{
    unsigned char *a = octets + PAGE * (size_t)random_below(pages);
    unsigned char *b = octets + PAGE * (size_t)random_below(pages);
    unsigned char page[PAGE];

    memcpy(page, a, PAGE);
    memmove(a, b, PAGE);
    memcpy(b, page, PAGE);
}

static const char *const kinds[] = {
    "a bit",         "few octets",  "many octets",     "a page of noise",
    "a zeroed page", "zeroed part", "swapped",         "copied",
    "cut",           "a word",      "where it begins",
};

/* The file, damaged. */
static void
damage(unsigned kind)
{
    unsigned char *octets = malloc(pages * PAGE);
    size_t page = PAGE * (size_t)random_below(pages);
    off_t size = 64 << 20;

    assert_non_null(octets);
    memcpy(octets, whole, pages * PAGE);
    switch (kind) {
    case 0:
        octets[random_below(pages * PAGE)] ^=
            (unsigned char)(1U << random_below(8));
        break;
    case 1:
        scribble(octets, 1 + random_below(8));
        break;
    case 2:
        scribble(octets, 1 + random_below(1000));
        break;
    case 3:
        for (size_t i = 0; i < PAGE; i++)
            octets[page + i] = (unsigned char)random_below(256);
        break;
    case 4:
        memset(octets + page, 0, PAGE);
        break;
    case 5:
        memset(octets + page + random_below(8) * 512, 0, 512);
        break;
    case 6:
        swap_pages(octets);
        break;
    case 7:
        memcpy(octets + page, octets + PAGE * (size_t)random_below(pages),
               PAGE);
        break;
    case 8:
        size = 20 + (off_t)random_below(pages * PAGE - 20); /* LMDB's mark */
        break;
    case 9: /* damage in page headers does most harm */
        octets[page + random_below(64)] = (unsigned char)random_below(256);
        break;
    default: /* the two pages that name the trees and their commit */
        octets[PAGE * (size_t)random_below(2) + random_below(152)] ^=
            (unsigned char)(0x10U << random_below(4));
        break;
    }
    store_octets(octets, size);
    free(octets);
}

/* ---- the result ---- */

/* Shared with the children. */
struct results {
    unsigned right, not_now, wrong, none; /* answers */
    unsigned reader_died, writer_died;
    unsigned later; /* found by the writer only when it wrote */
};

static struct results *results;

static void
ask_all(const struct box *b, void *arg)
{
    struct sdr_replica *replica = sdr_replica_new(b->config);

    (void)arg;
    for (unsigned i = 0; i < 2 * PEOPLE; i++) {
        unsigned person = i / 2;
        sdr_sites owner = owner_of(person, ROUNDS);
        struct sdr_facts facts;
        struct sdr_error error;
        enum sdr_status status =
            box_ask(replica, address_of(person, i % 2), &facts, &error);

        if (status == SDR_TEMPFAIL)
            results->not_now++;
        else if (status == SDR_OK ? facts.owners == owner : owner == 0)
            results->right++;
        else if (status == SDR_NOTFOUND)
            results->none++;
        else
            results->wrong++;
    }
    sdr_replica_free(&replica);
}

static void
no_row(void *arg, const char *address, const struct sdr_facts *facts)
{
    (void)arg;
    (void)address;
    (void)facts;
}

static void
ask_and_walk(const struct box *b, void *arg)
{
    struct sdr_replica *replica = sdr_replica_new(b->config);
    struct sdr_error error;

    ask_all(b, NULL);
    if (sdr_replica_walk(replica, CORP, no_row, arg, &error) != SDR_OK)
        error.text[0] = '\0';
    sdr_replica_free(&replica);
}

static void
start_and_ask(const struct box *b, void *arg)
{
    (void)arg;
    start_again(b, &results->later);
    ask_all(b, NULL);
}

static unsigned
number(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* Without cmocka's signal handlers. */
static bool
child(void (*run)(const struct box *, void *), void *arg)
{
    static const int deaths[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

    for (size_t i = 0; i < UNIT_COUNT(deaths); i++)
        signal(deaths[i], SIG_DFL);
    return box_child(&box, run, arg);
}

static void
try_one(unsigned kind)
{
    struct results before = *results;
    unsigned all = 2 * PEOPLE;

    damage(kind);
    results->reader_died += !child(ask_and_walk, NULL);
    unit_row(results->wrong == before.wrong && results->none == before.none,
             "%s: %u wrong, %u wrongly unknown", kinds[kind],
             results->wrong - before.wrong, results->none - before.none);
    unit_row(results->reader_died == before.reader_died, "%s: a reader died",
             kinds[kind]);
    before = *results;
    if (!unit_row(child(start_and_ask, NULL), "%s: sdr-sync died", kinds[kind]))
        results->writer_died++;
    unit_row(results->right == before.right + all,
             "%s: made anew: %u of %u right", kinds[kind],
             results->right - before.right, all);
}

/* ---- no false alarm ---- */

/* Whatever was written, and however the writer ended, the file is valid when it
 * is opened again. */
static void
open_and_write(const struct box *b, void *arg)
{
    struct store *store = open_store();
    unsigned char cookie[STORE_COOKIE_MAX] = "";
    struct store_mark mark = {
        .stage = STORE_CHANGES, .cookie = cookie, .contact = time(NULL)};
    struct batch batch = {NULL, 0, 0};
    struct sdr_error error;

    (void)b;
    BOX_MUST(!store_was_made_anew(store));
    seed = *(unsigned *)arg;
    for (unsigned commits = random_below(12); commits > 0; commits--) {
        for (unsigned n = random_below(80); n > 0; n--)
            put_person(&batch, random_below(PEOPLE),
                       (sdr_sites)(random_below(3) == 0 ? 0 : ONPREM));
        batch_settle(&batch);
        mark.cookie_len = random_below(sizeof cookie);
        BOX_MUST(store_commit(store, CORP, &batch, &mark, NULL, &error)
                 == SDR_OK);
        batch_clear(&batch);
    }
    if (random_below(2) == 0)
        store_close(&store); /* else it is killed */
}

static void
sound_files(void **state)
{
    (void)state;
    unlink(box.path);
    for (unsigned i = 0; i < number("HISTORIES", HISTORIES); i++)
        unit_row(child(open_and_write, &i), "history %u", i);
    unlink(box.path);
    unit_end();
}

static void
damaged_files(void **state)
{
    unsigned rounds[] = {0, ROUNDS}, count = number("DAMAGES", DAMAGES);

    (void)state;
    seed = number("SEED", 1);
    box_in_child(&box, write_history, rounds);
    whole = load();
    box_in_child(&box, ask_all, NULL);
    assert_int_equal(results->right, 2 * PEOPLE);
    memset(results, 0, sizeof *results);
    for (unsigned i = 0; i < count; i++)
        try_one(i % UNIT_COUNT(kinds));
    printf("%zu pages, %u damages: %u right, %u not now, %u wrong, %u wrongly "
           "unknown; died: %u readers, %u writers; %u found late\n",
           pages, count, results->right, results->not_now, results->wrong,
           results->none, results->reader_died, results->writer_died,
           results->later);
    free(whole);
    unit_end();
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files),
        cmocka_unit_test(damaged_files),
    };
    const struct rlimit no_core = {0, 0};
    int rc;

    setrlimit(RLIMIT_CORE, &no_core);
    results = mmap(NULL, sizeof *results, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    box = box_make(CONF);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    box_remove(&box);
    return rc;
}
