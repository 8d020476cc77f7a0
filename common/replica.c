/* replica.c - see replica.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "clock.h"
#include "fingerprint.h"
#include "trust.h"

/* How long a file is not looked at again (milliseconds). */
enum { LOOK_MS = 1000 };

/* A contact so far in the future (seconds): the clock was set. */
enum { CLOCK_SLACK = 60 };

/* Read transactions that rest; more are made when more threads read. */
enum { RESTING_MAX = 64 };

struct sdr_replica {
    const struct sdr_config *config;
    char *fingerprint;
    /* Held for reading by look-ups, for writing to open, close and resize. */
    pthread_rwlock_t lock;
    pid_t pid;
    int64_t looked_at; /* when the file was looked at last; 0: never */
    struct stat file;  /* the one that is open */
    MDB_env *env;      /* NULL: not open, and CLOSED_BECAUSE says why */
    MDB_dbi addresses, entries, meta;
    struct sdr_error closed_because;
    pthread_mutex_t resting_lock;
    MDB_txn *resting[RESTING_MAX];
    unsigned resting_count;
};

/* ---- life ---- */

static void
init_locks(struct sdr_replica *replica)
{
    pthread_rwlock_init(&replica->lock, NULL);
    pthread_mutex_init(&replica->resting_lock, NULL);
    replica->pid = getpid();
}

struct sdr_replica *
sdr_replica_new(const struct sdr_config *config)
{
    struct sdr_replica *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->config = config;
    r->fingerprint = sdr_fingerprint(config);
    init_locks(r);
    if (r->fingerprint == NULL)
        sdr_replica_free(&r);
    return r;
}

/* The environment belongs to the process that opened it: another one forgets it
 * without touching it. */
static void
close_env(struct sdr_replica *replica)
{
    if (replica->env != NULL && replica->pid == getpid()) {
        while (replica->resting_count > 0)
            mdb_txn_abort(replica->resting[--replica->resting_count]);
        mdb_env_close(replica->env);
    }
    replica->resting_count = 0;
    replica->env = NULL;
}

void
sdr_replica_free(struct sdr_replica **replica)
{
    struct sdr_replica *r = *replica;

    *replica = NULL;
    if (r == NULL)
        return;
    close_env(r);
    if (r->pid == getpid()) {
        pthread_mutex_destroy(&r->resting_lock);
        pthread_rwlock_destroy(&r->lock);
    }
    free(r->fingerprint);
    free(r);
}

/* In a child there is one thread, and locks may be held by others that are not
 * here. */
static void
after_fork(struct sdr_replica *replica)
{
    if (replica->pid == getpid())
        return;
    close_env(replica);
    replica->looked_at = 0;
    init_locks(replica);
}

/* ---- opening ---- */

/* The file is mapped: to read behind its end would kill the process. */
static bool
is_whole(const struct sdr_replica *replica, const struct stat *file)
{
    MDB_envinfo info;
    MDB_stat stat;

    return mdb_env_info(replica->env, &info) == 0
           && mdb_env_stat(replica->env, &stat) == 0
           && (uint64_t)file->st_size
                  >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

static bool
has_text(MDB_txn *txn, MDB_dbi dbi, const char *name, const void *data,
         size_t size)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;

    return mdb_get(txn, dbi, &key, &value) == 0 && value.mv_size == size
           && memcmp(value.mv_data, data, size) == 0;
}

/* NULL if the file is ours to read, else why not. */
static const char *
judge(struct sdr_replica *replica, MDB_txn *txn)
{
    const uint32_t format = SDR_RECORD_FORMAT;

    if (mdb_dbi_open(txn, SDR_RECORD_META, 0, &replica->meta) != 0
        || mdb_dbi_open(txn, SDR_RECORD_ADDRESSES, 0, &replica->addresses) != 0
        || mdb_dbi_open(txn, SDR_RECORD_ENTRIES, 0, &replica->entries) != 0)
        return "no replica of ours";
    if (!has_text(txn, replica->meta, "format", &format, sizeof format))
        return "written by another version of sdr-sync";
    if (!has_text(txn, replica->meta, "config", replica->fingerprint,
                  strlen(replica->fingerprint)))
        return "written under another configuration; sdr-sync has to be told "
               "of this one";
    return NULL;
}

static void
open_databases(struct sdr_replica *replica)
{
    const char *path = replica->config->replica.path;
    MDB_txn *txn = NULL;
    const char *reason = "cut short";
    int rc = 0;

    if (is_whole(replica, &replica->file)) {
        rc = mdb_txn_begin(replica->env, NULL, MDB_RDONLY, &txn);
        if (rc == 0) {
            reason = judge(replica, txn);
            /* Only a commit keeps the handles of the databases. */
            rc = mdb_txn_commit(txn);
        }
    }
    if (rc == 0 && reason == NULL)
        return;
    sdr_error_set(&replica->closed_because, "%s: %s", path,
                  rc != 0 ? mdb_strerror(rc) : reason);
    close_env(replica);
}

static void
open_env(struct sdr_replica *replica)
{
    const char *path = replica->config->replica.path;
    int rc = mdb_env_create(&replica->env);

    if (rc == 0)
        rc = mdb_env_set_maxdbs(replica->env, 3);
    if (rc == 0)
        rc = mdb_env_open(replica->env, path,
                          MDB_RDONLY | MDB_NOSUBDIR | MDB_NOTLS, 0);
    if (rc != 0) {
        sdr_error_set(&replica->closed_because, "%s: %s", path,
                      mdb_strerror(rc));
        close_env(replica);
        return;
    }
    open_databases(replica);
}

/* Look whether the file at the path is the one that is open. The lock is held
 * for writing. */
static void
look(struct sdr_replica *replica)
{
    const char *path = replica->config->replica.path;
    struct stat file;

    replica->looked_at = sdr_clock();
    if (stat(path, &file) != 0) {
        sdr_error_set(&replica->closed_because, "%s: %s", path,
                      strerror(errno));
        close_env(replica);
        return;
    }
    if (replica->env != NULL && file.st_dev == replica->file.st_dev
        && file.st_ino == replica->file.st_ino
        && file.st_size >= replica->file.st_size) {
        replica->file = file;
        return;
    }
    close_env(replica);
    replica->file = file;
    if (sdr_trust_replica(path, &replica->closed_because) == SDR_OK)
        open_env(replica);
}

/* Hold the lock for reading, with the file open. */
static enum sdr_status
enter(struct sdr_replica *replica, struct sdr_error *error)
{
    after_fork(replica);
    pthread_rwlock_rdlock(&replica->lock);
    if (sdr_clock() - replica->looked_at > LOOK_MS) {
        pthread_rwlock_unlock(&replica->lock);
        pthread_rwlock_wrlock(&replica->lock);
        if (sdr_clock() - replica->looked_at > LOOK_MS)
            look(replica);
        pthread_rwlock_unlock(&replica->lock);
        pthread_rwlock_rdlock(&replica->lock);
    }
    if (replica->env != NULL)
        return SDR_OK;
    if (error != NULL)
        *error = replica->closed_because;
    pthread_rwlock_unlock(&replica->lock);
    return SDR_TEMPFAIL;
}

/* ---- transactions ---- */

static int
begin(struct sdr_replica *replica, MDB_txn **txn)
{
    *txn = NULL;
    pthread_mutex_lock(&replica->resting_lock);
    if (replica->resting_count > 0)
        *txn = replica->resting[--replica->resting_count];
    pthread_mutex_unlock(&replica->resting_lock);
    if (*txn != NULL)
        return mdb_txn_renew(*txn);
    return mdb_txn_begin(replica->env, NULL, MDB_RDONLY, txn);
}

static void
end(struct sdr_replica *replica, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    pthread_mutex_lock(&replica->resting_lock);
    if (replica->resting_count < RESTING_MAX) {
        replica->resting[replica->resting_count++] = txn;
        txn = NULL;
    }
    pthread_mutex_unlock(&replica->resting_lock);
    if (txn != NULL)
        mdb_txn_abort(txn);
}

/* The writer has made the file larger than this process has mapped. */
static void
resize(struct sdr_replica *replica)
{
    pthread_rwlock_unlock(&replica->lock);
    pthread_rwlock_wrlock(&replica->lock);
    if (replica->env != NULL)
        mdb_env_set_mapsize(replica->env, 0);
    pthread_rwlock_unlock(&replica->lock);
    pthread_rwlock_rdlock(&replica->lock);
}

/* False if the file has been cut short since it was looked at. */
static bool
is_intact(const struct sdr_replica *replica)
{
    struct stat file;
    int fd = -1;

    return mdb_env_get_fd(replica->env, &fd) == 0 && fstat(fd, &file) == 0
           && file.st_size >= replica->file.st_size;
}

/* Enter and begin to read; left by leave(). */
static enum sdr_status
begin_reading(struct sdr_replica *replica, MDB_txn **txn,
              struct sdr_error *error)
{
    int rc = MDB_MAP_RESIZED;

    if (enter(replica, error) != SDR_OK)
        return SDR_TEMPFAIL;
    for (int i = 0; i < 3 && rc == MDB_MAP_RESIZED; i++) {
        if (replica->env == NULL)
            rc = ENOENT;
        else if (!is_intact(replica))
            rc = MDB_CORRUPTED;
        else
            rc = begin(replica, txn);
        if (rc != 0 && *txn != NULL && replica->env != NULL) {
            mdb_txn_abort(*txn);
            *txn = NULL;
        }
        if (rc == MDB_MAP_RESIZED)
            resize(replica);
    }
    if (rc == 0)
        return SDR_OK;
    pthread_rwlock_unlock(&replica->lock);
    sdr_error_set(error, "%s: %s", replica->config->replica.path,
                  mdb_strerror(rc));
    return SDR_TEMPFAIL;
}

static void
leave(struct sdr_replica *replica, MDB_txn *txn)
{
    end(replica, txn);
    pthread_rwlock_unlock(&replica->lock);
}

/* ---- reading ---- */

static int
read_state(const struct sdr_replica *replica, MDB_txn *txn, unsigned directory,
           struct sdr_record_state *state)
{
    unsigned char octet = (unsigned char)directory;
    MDB_val key = {1, &octet}, value;
    int rc = mdb_get(txn, replica->meta, &key, &value);

    if (rc != 0)
        return rc;
    if (value.mv_size < sizeof *state)
        return MDB_CORRUPTED;
    memcpy(state, value.mv_data, sizeof *state);
    return 0;
}

/* The name of the entry, for facts that somebody will have to look into. */
static void
read_name(const struct sdr_replica *replica, MDB_txn *txn, unsigned directory,
          const unsigned char *id, struct sdr_facts *facts)
{
    unsigned char octets[1 + SDR_RECORD_ID_SIZE] = {(unsigned char)directory};
    MDB_val key = {sizeof octets, octets}, value;
    size_t len = 0;

    memcpy(octets + 1, id, SDR_RECORD_ID_SIZE);
    if (mdb_get(txn, replica->entries, &key, &value) == 0)
        len = strnlen(value.mv_data, value.mv_size);
    snprintf(facts->dn, sizeof facts->dn, "%.*s", (int)len,
             len > 0 ? (const char *)value.mv_data : "");
}

/* Merge the records of one key. */
static int
read_records(const struct sdr_replica *replica, MDB_txn *txn,
             unsigned directory, const MDB_val *value, unsigned key,
             struct sdr_facts *best)
{
    const struct sdr_config *config = replica->config;
    const unsigned char *at = value->mv_data;
    size_t left = value->mv_size;
    unsigned char id[SDR_RECORD_ID_SIZE];
    bool found = false;

    while (left > 0) {
        struct sdr_facts facts;

        if (!sdr_record_read(&at, &left, id, &facts)
            || facts.routing_site >= config->site_count)
            return MDB_CORRUPTED;
        facts.directory = directory;
        facts.key = key;
        facts.routing_wins =
            config->directories[directory].mapping.routing_wins;
        facts.dn[0] = '\0';
        sdr_facts_merge(best, &found, &facts);
    }
    if (!found)
        return MDB_CORRUPTED;
    read_name(replica, txn, directory, id, best);
    return 0;
}

static int
find(const struct sdr_replica *replica, MDB_txn *txn, unsigned directory,
     const struct sdr_keys *keys, struct sdr_facts *facts)
{
    int rc = MDB_NOTFOUND;

    for (unsigned k = 0; k < keys->count && rc == MDB_NOTFOUND; k++) {
        struct sdr_record_key octets;
        MDB_val key, value;

        sdr_record_key(&octets, directory, &keys->key[k]);
        key = (MDB_val){octets.len, octets.octets};
        rc = mdb_get(txn, replica->addresses, &key, &value);
        if (rc == 0)
            rc = read_records(replica, txn, directory, &value, k, facts);
    }
    return rc;
}

/* ---- what an answer is worth ---- */

/* An exact match counts for days: who was there will be there. That somebody is
 * not there, or not by a stronger key, must be true now. */
static enum sdr_status
weigh(const struct sdr_replica *replica, const struct sdr_record_state *state,
      time_t now, int rc, unsigned key, struct sdr_error *error)
{
    const struct sdr_replica_options *options = &replica->config->replica;
    int64_t age = (int64_t)now - state->contact;
    bool exact = rc == 0 && key == 0;
    unsigned limit = exact ? options->known_max_age : options->unknown_max_age;

    if (state->complete == 0) {
        sdr_error_set(error, "%s: it is not complete yet", options->path);
        return SDR_TEMPFAIL;
    }
    if (rc == MDB_NOTFOUND && state->entries == 0) {
        sdr_error_set(error, "%s: it is empty", options->path);
        return SDR_TEMPFAIL;
    }
    if (state->from_a_file == 0
        && (age > (int64_t)limit || (!exact && age < -CLOCK_SLACK))) {
        sdr_error_set(error, "%s: last contact %lld s ago", options->path,
                      (long long)age);
        return SDR_TEMPFAIL;
    }
    return rc == 0 ? SDR_OK : SDR_NOTFOUND;
}

enum sdr_status
sdr_replica_lookup(struct sdr_replica *replica, unsigned directory,
                   const struct sdr_keys *keys, time_t now,
                   struct sdr_facts *facts, struct sdr_error *error)
{
    struct sdr_record_state state;
    MDB_txn *txn = NULL;
    int rc;

    if (begin_reading(replica, &txn, error) != SDR_OK)
        return SDR_TEMPFAIL;
    rc = read_state(replica, txn, directory, &state);
    if (rc == 0)
        rc = find(replica, txn, directory, keys, facts);
    else if (rc == MDB_NOTFOUND)
        rc = MDB_INVALID;
    leave(replica, txn);
    if (rc == 0 || rc == MDB_NOTFOUND)
        return weigh(replica, &state, now, rc, rc == 0 ? facts->key : 0, error);
    sdr_error_set(error, "%s: %s", replica->config->replica.path,
                  mdb_strerror(rc));
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_replica_state(struct sdr_replica *replica, unsigned directory,
                  struct sdr_record_state *state, struct sdr_error *error)
{
    MDB_txn *txn = NULL;
    int rc;

    if (begin_reading(replica, &txn, error) != SDR_OK)
        return SDR_TEMPFAIL;
    rc = read_state(replica, txn, directory, state);
    leave(replica, txn);
    if (rc == 0)
        return SDR_OK;
    sdr_error_set(error, "%s: %s", replica->config->replica.path,
                  mdb_strerror(rc));
    return SDR_TEMPFAIL;
}
