/* environment.c - see environment.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/file_check.h"
#include "replica/record.h"

/* 64 octets for each reader: Exim has a process for each message. */
enum { LOCK_FILE_SIZE = 128 << 10 };

/* The least size of the file; it is sparse. */
#define MAP_MIN ((size_t)64 << 20)

/* Longer than the interval in which readers check whether the file was
 * replaced. */
enum { FAREWELL_MS = 1500 };

const char *
environment_explain(int rc)
{
    /* LMDB's result of a partial write. */
    return rc == EIO ? "Input/output error, or No space left on device"
                     : mdb_strerror(rc);
}

/* ---- locking ---- */

static enum sdr_status
failed(const char *path, const char *reason, struct sdr_error *error)
{
    sdr_error_set(error, "%s: %s", path, reason);
    return SDR_TEMPFAIL;
}

/* Lock the file itself: LMDB's lock file is for its own locks. */
static enum sdr_status
lock(struct environment *environment, const char *path, struct sdr_error *error)
{
    environment->fd =
        open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (environment->fd < 0)
        return failed(
            path, errno == ELOOP ? "it is a symbolic link" : strerror(errno),
            error);
    if (flock(environment->fd, LOCK_EX | LOCK_NB) == 0)
        return SDR_OK;
    return failed(path,
                  errno == EWOULDBLOCK ? "another sdr-sync is using it"
                                       : strerror(errno),
                  error);
}

/* ---- checking the file ---- */

/* Returns true unless pages are missing at the end of the file. */
static bool
is_whole(MDB_env *env, int fd)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;

    return mdb_env_info(env, &info) == 0 && mdb_env_stat(env, &stat) == 0
           && fstat(fd, &file) == 0
           && (uint64_t)file.st_size
                  >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

/* Extend the file to the size of its map, as a sparse file. LMDB does not write
 * the last pages if the same commit has allocated and freed them, and a file
 * shorter than it says counts as truncated. So it must be long enough before
 * the commit. */
static int
stretch(const struct environment *environment)
{
    MDB_envinfo info;
    struct stat file;
    int rc = mdb_env_info(environment->env, &info);

    if (rc != 0)
        return rc;
    return fstat(environment->fd, &file) != 0
                   || (file.st_size < (off_t)info.me_mapsize
                       && ftruncate(environment->fd, (off_t)info.me_mapsize)
                              != 0)
               ? errno
               : 0;
}

static int
put_format(struct environment *environment, MDB_txn *txn, MDB_val *key)
{
    struct sdr_record_format format = {.format = SDR_RECORD_FORMAT};
    MDB_val value = {sizeof format, &format};

    if (getrandom(&format.file, sizeof format.file, 0)
        != (ssize_t)sizeof format.file)
        return errno;
    environment->number = format.file;
    return mdb_put(txn, environment->meta, key, &value, 0);
}

static int
check_format(struct environment *environment, MDB_txn *txn)
{
    char name[] = "format";
    MDB_val key = {strlen(name), name}, value;
    int rc = mdb_get(txn, environment->meta, &key, &value);

    if (rc == MDB_NOTFOUND)
        return put_format(environment, txn, &key);
    if (rc != 0)
        return rc;
    return file_check_format(&value, &environment->number)
               ? 0
               : MDB_VERSION_MISMATCH;
}

/* Open a table. A file with other tables is not ours. */
static int
open_table(MDB_txn *txn, const char *name, bool new, MDB_dbi *dbi)
{
    int rc = mdb_dbi_open(txn, name, new ? MDB_CREATE : 0, dbi);

    return rc == MDB_NOTFOUND || rc == MDB_DBS_FULL ? MDB_INCOMPATIBLE : rc;
}

/* Returns true if there are no tables: the file is new, or its creator was
 * killed. */
static bool
is_empty(MDB_env *env)
{
    MDB_stat stat;

    return mdb_env_stat(env, &stat) == 0 && stat.ms_entries == 0;
}

static int
open_tables(struct environment *environment, bool new)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(environment->env, NULL, 0, &txn);

    if (rc != 0)
        return rc;
    rc = open_table(txn, SDR_RECORD_META, new, &environment->meta);
    if (rc == 0)
        rc =
            open_table(txn, SDR_RECORD_ADDRESSES, new, &environment->addresses);
    if (rc == 0)
        rc = open_table(txn, SDR_RECORD_ENTRIES, new, &environment->entries);
    if (rc == 0)
        rc = open_table(txn, "held", new, &environment->held);
    if (rc == 0)
        rc = check_format(environment, txn);
    if (rc == 0)
        rc = stretch(environment); /* the file is known to be ours */
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

bool
environment_is_damaged(int rc)
{
    return rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND;
}

bool
environment_is_there(const struct environment *environment, const char *path)
{
    struct stat ours, there;

    return environment->fd >= 0 && fstat(environment->fd, &ours) == 0
           && lstat(path, &there) == 0 && there.st_dev == ours.st_dev
           && there.st_ino == ours.st_ino;
}

/* ---- opening ---- */

static size_t
map_size(off_t file)
{
    size_t size = MAP_MIN;

    while (size < (size_t)file)
        size *= 2;
    return size;
}

/* Create the lock file and allocate its disk space, before LMDB opens it. LMDB
 * maps it, and a process that writes to it would be killed if the disk is full.
 */
static int
make_lock_file(const char *lock_file)
{
    int fd = open(lock_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    int rc;

    if (fd < 0)
        return errno;
    rc = posix_fallocate(fd, 0, LOCK_FILE_SIZE);
    /* Readers, in the group, write to it. */
    if (rc == 0 && fchmod(fd, 0660) != 0)
        rc = errno;
    close(fd);
    return rc;
}

/* Set the mode of the file and prepare the lock file. The lock file of a file
 * that was removed is left to its readers. */
static int
prepare(const struct environment *environment, const char *lock_file,
        struct stat *file)
{
    if (fchmod(environment->fd, 0640) != 0 || fstat(environment->fd, file) != 0
        || (file->st_size == 0 && unlink(lock_file) != 0 && errno != ENOENT))
        return errno;
    return make_lock_file(lock_file);
}

static int
open_env(struct environment *environment, const char *path,
         const char *lock_file)
{
    struct stat file;
    int rc = prepare(environment, lock_file, &file);

    if (rc == 0)
        rc = mdb_env_create(&environment->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(environment->env, 4);
    if (rc == 0)
        rc = mdb_env_set_mapsize(environment->env, map_size(file.st_size));
    if (rc == 0)
        rc = mdb_env_open(environment->env, path, MDB_NOSUBDIR | MDB_NOTLS,
                          0640);
    if (rc == 0 && !is_whole(environment->env, environment->fd))
        rc = MDB_CORRUPTED;
    return rc != 0 ? rc : open_tables(environment, is_empty(environment->env));
}

static void
close_env(struct environment *environment)
{
    if (environment->env != NULL)
        mdb_env_close(environment->env);
    environment->env = NULL;
}

/* Returns true if the file has LMDB's magic number in one of its meta pages, or
 * zero there, as after a crash of the machine. */
static bool
is_lmdb(int fd)
{
    const off_t second = (off_t)sysconf(_SC_PAGESIZE);
    uint32_t magic = 1, again = 1;

    return pread(fd, &magic, sizeof magic, 16) == (ssize_t)sizeof magic
           && (magic == 0xBEEFC0DE || magic == 0
               || (pread(fd, &again, sizeof again, second + 16)
                       == (ssize_t)sizeof again
                   && again == 0xBEEFC0DE));
}

/* Returns true if the file is ours but unusable: its content can be read again.
 */
static bool
is_rubbish(const struct environment *environment, int rc)
{
    return environment_is_damaged(rc) || rc == MDB_VERSION_MISMATCH
           || rc == MDB_PANIC
           || (rc == MDB_INVALID && is_lmdb(environment->fd));
}

/* Report which of the two files cannot be written. */
static enum sdr_status
refused(const char *path, const char *lock_file, int rc,
        struct sdr_error *error)
{
    bool is_lock = rc == EACCES && access(lock_file, R_OK | W_OK) != 0;

    return failed(is_lock ? lock_file : path, environment_explain(rc), error);
}

/* Replace the file. Readers that still have the old file open use its lock
 * file, so the file is removed first, and the lock file when all have noticed.
 */
static enum sdr_status
start_anew(struct environment *environment, const char *path,
           const char *lock_file, struct sdr_error *error)
{
    const struct timespec farewell = {.tv_sec = FAREWELL_MS / 1000,
                                      .tv_nsec = FAREWELL_MS % 1000 * 1000000L};
    int rc;

    close_env(environment);
    environment->made_anew = true;
    if (unlink(path) != 0)
        return failed(path, strerror(errno), error);
    nanosleep(&farewell, NULL);
    if (unlink(lock_file) != 0 && errno != ENOENT)
        return failed(lock_file, strerror(errno), error);
    close(environment->fd);
    if (lock(environment, path, error) != SDR_OK)
        return SDR_TEMPFAIL;
    rc = open_env(environment, path, lock_file);
    return rc == 0 ? SDR_OK : refused(path, lock_file, rc, error);
}

static enum sdr_status
open_locked(struct environment *environment, const char *path,
            const char *lock_file, struct sdr_error *error)
{
    int rc = file_check(environment->fd);

    if (rc == 0)
        rc = open_env(environment, path, lock_file);
    if (rc == 0)
        return SDR_OK;
    if (is_rubbish(environment, rc))
        return start_anew(environment, path, lock_file, error);
    if (rc == MDB_INVALID || rc == MDB_INCOMPATIBLE)
        return failed(path, "it is not a replica; sdr-sync does not touch it",
                      error);
    return refused(path, lock_file, rc, error);
}

enum sdr_status
environment_open(struct environment *environment, const char *path,
                 struct sdr_error *error)
{
    enum sdr_status status = SDR_TEMPFAIL;
    char *lock_file = NULL;

    *environment = (struct environment){.fd = -1};
    if (asprintf(&lock_file, "%s-lock", path) < 0)
        return failed(path, "no memory", error);
    if (lock(environment, path, error) == SDR_OK)
        status = open_locked(environment, path, lock_file, error);
    if (status != SDR_OK)
        environment_close(environment);
    free(lock_file);
    return status;
}

void
environment_close(struct environment *environment)
{
    close_env(environment);
    if (environment->fd >= 0)
        close(environment->fd);
    environment->fd = -1;
}

int
environment_grow(struct environment *environment)
{
    MDB_envinfo info;
    int rc = mdb_env_info(environment->env, &info);

    if (rc == 0)
        rc = mdb_env_set_mapsize(environment->env, 2 * info.me_mapsize);
    return rc != 0 ? rc : stretch(environment);
}
