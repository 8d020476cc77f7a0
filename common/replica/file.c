/* file.c - see file.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"
#include "replica/record.h"
#include "config/file_owner.h"

/* How often the file at the path is checked, in milliseconds. */
enum { LOOK_MS = 1000 };

/* The most idle readers kept; more are created when more threads read. */
enum { RESTING_MAX = 64 };

/* How often a transaction is restarted: each time the writer has committed
 * twice before the meta page was read, or the file has grown. */
enum { TRIES = 100 };

struct sdr_replica_reader {
    MDB_txn *txn; /* never NULL while the reader is idle */
    struct sdr_replica_known known;
};

struct sdr_replica_file {
    char *path;
    unsigned users;
    struct sdr_replica_file *next;
    /* Read-locked by look-ups, write-locked to open, close and resize. */
    pthread_rwlock_t lock;
    pid_t pid;
    /* A page that the kernel clears in a child: cheaper to check than the
     * process id. NULL: not available. */
    volatile unsigned char *ours;
    int64_t looked_at; /* when the path was last checked; 0: never */
    atomic_int_least64_t whole_at; /* the tick of the last length check */
    struct stat seen;              /* of the open file */
    MDB_env *env;                  /* NULL: not open, see closed_because */
    struct sdr_lmdb_pages pages;
    uint64_t number; /* see struct sdr_record_format */
    struct sdr_error closed_because;
    pthread_mutex_t resting_lock;
    struct sdr_replica_reader *resting[RESTING_MAX];
    unsigned resting_count;
};

/* All files of this process. A process must not open a file twice: closing one
 * descriptor drops all of its locks on the file (fcntl(2)), and LMDB would take
 * its readers for dead. */
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sdr_replica_file *files;

/* ---- creation ---- */

static volatile unsigned char *
make_mark(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        return page;
    munmap(page, size);
    return NULL;
}

/* Returns true in the process that opened the file, or would have. */
static bool
is_ours(const struct sdr_replica_file *file)
{
    return file->ours != NULL ? *file->ours != 0 : file->pid == getpid();
}

static void
make_ours(struct sdr_replica_file *file)
{
    pthread_rwlock_init(&file->lock, NULL);
    pthread_mutex_init(&file->resting_lock, NULL);
    file->pid = getpid();
    if (file->ours != NULL)
        *file->ours = 1;
}

static void
free_reader(struct sdr_replica_reader *reader)
{
    if (reader->txn != NULL)
        mdb_txn_abort(reader->txn);
    free(reader);
}

/* Close the environment. It and its transactions belong to the process that
 * opened them; a child only discards them. */
static void
close_env(struct sdr_replica_file *file)
{
    bool ours = is_ours(file);

    if (file->pages.map != NULL)
        munmap((void *)(uintptr_t)file->pages.map, file->pages.size);
    file->pages.map = NULL;
    while (file->resting_count > 0) {
        struct sdr_replica_reader *reader =
            file->resting[--file->resting_count];

        if (!ours)
            reader->txn = NULL;
        free_reader(reader);
    }
    if (file->env != NULL && ours)
        mdb_env_close(file->env);
    file->env = NULL;
}

static struct sdr_replica_file *
make(const char *path)
{
    struct sdr_replica_file *file = calloc(1, sizeof *file);

    if (file == NULL)
        return NULL;
    file->path = strdup(path);
    if (file->path == NULL) {
        free(file);
        return NULL;
    }
    file->ours = make_mark();
    make_ours(file);
    file->next = files;
    files = file;
    return file;
}

struct sdr_replica_file *
sdr_replica_file_new(const char *path)
{
    struct sdr_replica_file *file;

    pthread_mutex_lock(&files_lock);
    file = files;
    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    if (file == NULL)
        file = make(path);
    if (file != NULL)
        file->users++;
    pthread_mutex_unlock(&files_lock);
    return file;
}

static void
destroy(struct sdr_replica_file *file)
{
    struct sdr_replica_file **link = &files;

    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    close_env(file);
    if (is_ours(file)) {
        pthread_mutex_destroy(&file->resting_lock);
        pthread_rwlock_destroy(&file->lock);
    }
    if (file->ours != NULL)
        munmap((void *)(uintptr_t)file->ours, (size_t)sysconf(_SC_PAGESIZE));
    free(file->path);
    free(file);
}

void
sdr_replica_file_free(struct sdr_replica_file **file)
{
    struct sdr_replica_file *f = *file;

    *file = NULL;
    if (f == NULL)
        return;
    pthread_mutex_lock(&files_lock);
    if (--f->users == 0)
        destroy(f);
    pthread_mutex_unlock(&files_lock);
}

/* Reinitialise in a child. It has only one thread, and the locks may be held by
 * threads that it does not have. */
static void
after_fork(struct sdr_replica_file *file)
{
    if (is_ours(file))
        return;
    close_env(file);
    file->looked_at = 0;
    make_ours(file);
}

/* ---- opening ---- */

static bool
is_as_large_as_it_says(const struct sdr_replica_file *file)
{
    struct stat now;
    MDB_envinfo info;
    MDB_stat stat;
    int fd = -1;

    return mdb_env_get_fd(file->env, &fd) == 0 && fstat(fd, &now) == 0
           && now.st_size >= file->seen.st_size
           && mdb_env_info(file->env, &info) == 0
           && mdb_env_stat(file->env, &stat) == 0
           && (uint64_t)now.st_size
                  >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

/* Returns true if the file is as long as its meta page says. The file is
 * mapped, and reading beyond its end would kill the process. It only grows, and
 * may seem short while it grows. */
static bool
is_whole(const struct sdr_replica_file *file)
{
    const struct timespec time = {.tv_nsec = 1000000};

    if (is_as_large_as_it_says(file))
        return true;
    nanosleep(&time, NULL);
    return is_as_large_as_it_says(file);
}

/* Check the length once per clock tick: to check each time costs more than the
 * look-up, and the file could still be truncated after any check. */
static bool
is_whole_now(struct sdr_replica_file *file, int64_t tick)
{
    if (atomic_load_explicit(&file->whole_at, memory_order_relaxed) == tick)
        return true;
    if (!is_whole(file))
        return false;
    atomic_store_explicit(&file->whole_at, tick, memory_order_relaxed);
    return true;
}

/* ---- pages ---- */

static int
map_pages(struct sdr_replica_file *file)
{
    struct sdr_lmdb_pages *pages = &file->pages;
    struct stat now;
    MDB_stat stat;
    int fd = -1;
    void *map;

    if (mdb_env_get_fd(file->env, &fd) != 0
        || mdb_env_stat(file->env, &stat) != 0
        || !sdr_lmdb_pages_size_is_sane(stat.ms_psize))
        return MDB_CORRUPTED;
    if (fstat(fd, &now) != 0)
        return errno;
    if (pages->map != NULL)
        munmap((void *)(uintptr_t)pages->map, pages->size);
    pages->map = NULL;
    pages->size = (size_t)now.st_size;
    pages->page_size = stat.ms_psize;
    map = mmap(NULL, pages->size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return errno;
    pages->map = map;
    return 0;
}

/* Find the tables in the snapshot of this transaction. */
static int
find_tables(struct sdr_replica_file *file, MDB_txn *txn,
            struct sdr_replica_known *known)
{
    size_t commit = mdb_txn_id(txn);
    struct sdr_lmdb_tree main;
    int rc;

    if (known->commit == commit)
        return 0;
    known->commit = 0;
    known->has_state = false;
    rc = sdr_lmdb_pages_main(&file->pages, commit, &main);
    if (rc == 0)
        rc = sdr_lmdb_pages_tree(&file->pages, &main, SDR_RECORD_ADDRESSES,
                                 &known->addresses);
    if (rc == 0)
        rc = sdr_lmdb_pages_tree(&file->pages, &main, SDR_RECORD_ENTRIES,
                                 &known->entries);
    if (rc == 0)
        rc = sdr_lmdb_pages_tree(&file->pages, &main, SDR_RECORD_META,
                                 &known->meta);
    if (rc == 0)
        known->commit = commit;
    return rc;
}

static bool
is_our_format(struct sdr_replica_file *file,
              const struct sdr_replica_known *known)
{
    struct sdr_record_format format;
    char name[] = "format";
    MDB_val key = {strlen(name), name}, value;

    if (sdr_lmdb_pages_get(&file->pages, &known->meta, &key, &value) != 0
        || value.mv_size != sizeof format)
        return false;
    memcpy(&format, value.mv_data, sizeof format);
    file->number = format.file;
    return format.format == SDR_RECORD_FORMAT;
}

/* Returns NULL if the file can be read by this version, otherwise the reason.
 */
static const char *
judge_tables(struct sdr_replica_file *file, MDB_txn *txn)
{
    struct sdr_replica_known known = {.commit = 0};
    int rc = find_tables(file, txn, &known);

    if (rc == MDB_NOTFOUND)
        return "it is not a replica";
    if (rc != 0)
        return mdb_strerror(rc);
    return is_our_format(file, &known)
               ? NULL
               : "written by another version of sdr-sync";
}

/* Begin a read transaction. If all reader slots are in use, frees those of
 * processes that died. */
static int
begin_new(MDB_env *env, MDB_txn **txn)
{
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, txn), dead = 0;

    if (rc == MDB_READERS_FULL && mdb_reader_check(env, &dead) == 0 && dead > 0)
        rc = mdb_txn_begin(env, NULL, MDB_RDONLY, txn);
    return rc;
}

/* Returns NULL if the file can be read, otherwise the reason. */
static const char *
judge(struct sdr_replica_file *file)
{
    MDB_txn *txn = NULL;
    const char *reason;
    int rc;

    if (!is_whole(file))
        return "cut short";
    rc = map_pages(file);
    if (rc == 0)
        rc = begin_new(file->env, &txn);
    if (rc == EAGAIN || rc == EACCES) /* LMDB locks the octet of the PID */
        return "a process in another PID namespace has the same process ID";
    if (rc != 0)
        return mdb_strerror(rc);
    reason = judge_tables(file, txn);
    mdb_txn_abort(txn);
    return reason;
}

/* Check that the lock file exists and can be written. If it is missing, LMDB
 * would create it, owned by this process's user, and sdr-sync could not open
 * it. On a read-only file system LMDB would not lock, and sdr-sync would
 * overwrite pages that are being read. Returns 0, or an errno. */
static int
check_lock_file(const char *path)
{
    char *name = NULL;
    int rc;

    if (asprintf(&name, "%s-lock", path) < 0)
        return ENOMEM;
    rc = faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS) == 0 ? 0 : errno;
    free(name);
    return rc;
}

/* Record which file is open: the path may have been replaced since it was
 * checked. */
static bool
see(struct sdr_replica_file *file)
{
    int fd = -1;

    return mdb_env_get_fd(file->env, &fd) == 0 && fstat(fd, &file->seen) == 0;
}

static void
open_env(struct sdr_replica_file *file)
{
    const char *reason;
    int rc = check_lock_file(file->path);

    if (rc != 0) {
        sdr_error_set(&file->closed_because, "%s-lock: %s", file->path,
                      strerror(rc));
        return;
    }
    rc = mdb_env_create(&file->env);
    if (rc == 0)
        rc = mdb_env_open(file->env, file->path,
                          MDB_RDONLY | MDB_NOSUBDIR | MDB_NOTLS, 0);
    if (rc == 0 && !see(file))
        rc = errno;
    reason = rc == 0 ? judge(file) : mdb_strerror(rc);
    if (reason == NULL)
        return;
    sdr_error_set(&file->closed_because, "%s: %s", file->path, reason);
    close_env(file);
}

/* Check whether the file at the path is the one that is open; reopen it if not.
 * The caller holds the lock for writing. */
static void
look(struct sdr_replica_file *file)
{
    struct stat now;

    file->looked_at = sdr_clock_tick();
    file->whole_at = 0;
    if (stat(file->path, &now) != 0) {
        sdr_error_set(&file->closed_because, "%s: %s%s", file->path,
                      strerror(errno),
                      errno == ENOENT ? "; start sdr-sync" : "");
        close_env(file);
        return;
    }
    if (file->env != NULL && now.st_dev == file->seen.st_dev
        && now.st_ino == file->seen.st_ino
        && now.st_size >= file->seen.st_size) {
        file->seen = now;
        return;
    }
    close_env(file);
    if (sdr_file_check_replica(file->path, &file->closed_because) == SDR_OK)
        open_env(file);
}

/* Take the lock for reading, with the file open. */
static enum sdr_status
enter(struct sdr_replica_file *file, int64_t tick, struct sdr_error *error)
{
    after_fork(file);
    pthread_rwlock_rdlock(&file->lock);
    if (tick - file->looked_at > LOOK_MS) {
        pthread_rwlock_unlock(&file->lock);
        pthread_rwlock_wrlock(&file->lock);
        if (tick - file->looked_at > LOOK_MS)
            look(file);
        pthread_rwlock_unlock(&file->lock);
        pthread_rwlock_rdlock(&file->lock);
    }
    if (file->env != NULL)
        return SDR_OK;
    sdr_error_set(error, "%s", file->closed_because.text);
    pthread_rwlock_unlock(&file->lock);
    return SDR_TEMPFAIL;
}

/* ---- transactions ---- */

/* Returns an idle reader; NULL if there is none. */
static struct sdr_replica_reader *
take_resting(struct sdr_replica_file *file)
{
    struct sdr_replica_reader *reader = NULL;

    pthread_mutex_lock(&file->resting_lock);
    if (file->resting_count > 0)
        reader = file->resting[--file->resting_count];
    pthread_mutex_unlock(&file->resting_lock);
    return reader;
}

/* Make the reader idle. Returns false if there are too many idle ones. */
static bool
rest(struct sdr_replica_file *file, struct sdr_replica_reader *reader)
{
    bool rests;

    pthread_mutex_lock(&file->resting_lock);
    rests = file->resting_count < RESTING_MAX;
    if (rests)
        file->resting[file->resting_count++] = reader;
    pthread_mutex_unlock(&file->resting_lock);
    return rests;
}

static int
begin(struct sdr_replica_file *file, struct sdr_replica_reader **out)
{
    struct sdr_replica_reader *reader = take_resting(file);
    int rc;

    if (reader != NULL) {
        rc = mdb_txn_renew(reader->txn);
    } else {
        reader = calloc(1, sizeof *reader);
        rc = reader != NULL ? begin_new(file->env, &reader->txn) : ENOMEM;
    }
    if (rc == 0)
        rc = find_tables(file, reader->txn, &reader->known);
    if (rc != 0 && reader != NULL)
        free_reader(reader);
    *out = reader;
    return rc;
}

/* Returns true for errors that a new transaction fixes. */
static bool
is_passing(int rc)
{
    return rc == MDB_MAP_RESIZED || rc == MDB_BAD_TXN;
}

/* Remap the file: the writer has made it larger than the map. The lock is
 * released in between. */
static void
resize(struct sdr_replica_file *file)
{
    pthread_rwlock_unlock(&file->lock);
    pthread_rwlock_wrlock(&file->lock);
    if (file->env != NULL) {
        mdb_env_set_mapsize(file->env, 0);
        if (map_pages(file) != 0)
            close_env(file);
    }
    pthread_rwlock_unlock(&file->lock);
    pthread_rwlock_rdlock(&file->lock);
}

enum sdr_status
sdr_replica_begin(struct sdr_replica_file *file, struct sdr_replica_view *view,
                  struct sdr_error *error)
{
    int64_t tick = sdr_clock_tick();
    int rc = MDB_MAP_RESIZED;

    if (enter(file, tick, error) != SDR_OK)
        return SDR_TEMPFAIL;
    for (int i = 0; i < TRIES && (i == 0 || is_passing(rc)); i++) {
        if (i > 0 && rc == MDB_MAP_RESIZED)
            resize(file);
        if (file->env == NULL)
            rc = ENOENT;
        else if (!is_whole_now(file, tick))
            rc = MDB_CORRUPTED;
        else
            rc = begin(file, &view->reader);
    }
    if (rc != 0) {
        pthread_rwlock_unlock(&file->lock);
        sdr_error_set(error, "%s: %s", file->path, mdb_strerror(rc));
        return SDR_TEMPFAIL;
    }
    view->pages = &file->pages;
    view->number = file->number;
    view->known = &view->reader->known;
    return SDR_OK;
}

void
sdr_replica_end(struct sdr_replica_file *file, struct sdr_replica_view *view)
{
    mdb_txn_reset(view->reader->txn);
    if (!rest(file, view->reader))
        free_reader(view->reader);
    pthread_rwlock_unlock(&file->lock);
    view->reader = NULL;
}
