/* box.h - a replica that a test writes itself, as sdr-sync would
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It is always written by a child process: one that has a file of LMDB's open
 * twice loses its locks.
 */
#ifndef BOX_H
#define BOX_H

#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <lmdb.h>

#include "replica/fingerprint.h"
#include "replica/record.h"
#include "replica/reader.h"
#include "replica/checksum.h"

/* So many seconds after which a reader looks at the file again, and some. */
enum { BOX_PATIENCE = 20 };

/* What its seals are made with. */
enum { BOX_NUMBER = 4711 };

struct box {
    char folder[64], path[96], lock_file[104];
    struct sdr_config *config;
};

/* An entry: by which address it is found, how, and what it says. An ID of one
 * character; its name is "cn=ID". */
struct box_entry {
    unsigned directory;
    const char *address;
    char id;
    unsigned strength;
    struct sdr_facts facts;
    const char *routing; /* at the site facts.routing_site; NULL: none */
};

/* The write transaction of a child. */
struct box_writer {
    const struct sdr_config *config;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi addresses, entries, meta;
    bool unsealed; /* the addresses, until the commit */
};

/* TEXT is the configuration, with @REPLICA@ where the path belongs. */
static inline struct box
box_make(const char *text)
{
    struct box box;
    char *whole;

    snprintf(box.folder, sizeof box.folder, "/tmp/sdr-box-XXXXXX");
    assert_non_null(mkdtemp(box.folder));
    snprintf(box.path, sizeof box.path, "%s/replica", box.folder);
    snprintf(box.lock_file, sizeof box.lock_file, "%s-lock", box.path);
    whole = unit_replace(text, "@REPLICA@", box.path);
    box.config = unit_config(whole);
    free(whole);
    return box;
}

static inline void
box_remove(struct box *box)
{
    sdr_config_free(&box->config);
    unlink(box->path);
    unlink(box->lock_file);
    assert_int_equal(rmdir(box->folder), 0);
}

/* ---- the writer, in a child ---- */

/* In a child cmocka's assertions would go on with the parent's tests. */
#define BOX_MUST(condition)                                                    \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "child: %s:%d: %s\n", __FILE__, __LINE__,          \
                    #condition);                                               \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

static inline void
box_open(struct box_writer *writer, const struct box *box, size_t map_size)
{
    *writer = (struct box_writer){.config = box->config};
    BOX_MUST(mdb_env_create(&writer->env) == 0);
    BOX_MUST(mdb_env_set_maxdbs(writer->env, 4) == 0);
    BOX_MUST(mdb_env_set_mapsize(writer->env, map_size) == 0);
    BOX_MUST(
        mdb_env_open(writer->env, box->path, MDB_NOSUBDIR | MDB_NOTLS, 0640)
        == 0);
}

static inline void
box_begin(struct box_writer *writer)
{
    MDB_txn **txn = &writer->txn;

    BOX_MUST(mdb_txn_begin(writer->env, NULL, 0, txn) == 0);
    BOX_MUST(
        mdb_dbi_open(*txn, SDR_RECORD_ADDRESSES, MDB_CREATE, &writer->addresses)
        == 0);
    BOX_MUST(
        mdb_dbi_open(*txn, SDR_RECORD_ENTRIES, MDB_CREATE, &writer->entries)
        == 0);
    BOX_MUST(mdb_dbi_open(*txn, SDR_RECORD_META, MDB_CREATE, &writer->meta)
             == 0);
}

static inline void
box_put_raw(struct box_writer *writer, MDB_dbi dbi, const void *key,
            size_t key_len, const void *octets, size_t len)
{
    MDB_val k = {key_len, (void *)(uintptr_t)key};
    MDB_val v = {len, (void *)(uintptr_t)octets};

    BOX_MUST(mdb_put(writer->txn, dbi, &k, &v, 0) == 0);
}

static inline void
box_put_sealed(struct box_writer *writer, MDB_dbi dbi, const MDB_val *key,
               uint32_t next, const void *octets, size_t len)
{
    char table = dbi == writer->meta      ? SDR_CHECKSUM_META
                 : dbi == writer->entries ? SDR_CHECKSUM_ENTRY
                                          : SDR_CHECKSUM_ADDRESS;
    const struct sdr_checksum seal = {BOX_NUMBER, table};
    unsigned char *sealed = malloc(SDR_CHECKSUM_SIZE + len);

    BOX_MUST(sealed != NULL);
    if (len > 0)
        memcpy(sealed + SDR_CHECKSUM_SIZE, octets, len);
    sdr_checksum_write(&seal, key, next, sealed, SDR_CHECKSUM_SIZE + len);
    box_put_raw(writer, dbi, key->mv_data, key->mv_size, sealed,
                SDR_CHECKSUM_SIZE + len);
    free(sealed);
}

static inline void
box_put(struct box_writer *writer, MDB_dbi dbi, const void *key, size_t key_len,
        const void *octets, size_t len)
{
    const MDB_val k = {key_len, (void *)(uintptr_t)key};

    box_put_sealed(writer, dbi, &k, 0, octets, len);
}

static inline void
box_put_format(struct box_writer *writer, uint32_t format)
{
    const struct sdr_record_format ours = {.format = format,
                                           .file = BOX_NUMBER};

    box_put_raw(writer, writer->meta, "format", 6, &ours, sizeof ours);
}

/* The fingerprint is that of the configuration. */
static inline void
box_put_state(struct box_writer *writer, unsigned directory,
              struct sdr_record_state state)
{
    unsigned char key = (unsigned char)directory;

    BOX_MUST(sdr_fingerprint(writer->config, directory, state.fingerprint));
    box_put(writer, writer->meta, &key, 1, &state, sizeof state);
}

/* One more record under the key, in a table that was empty. */
static inline void
box_put_record(struct box_writer *writer, const struct sdr_record_key *key,
               const unsigned char *record, size_t len)
{
    MDB_val k = {key->len, (void *)(uintptr_t)key->octets}, old = {0, NULL};
    unsigned char *octets;

    BOX_MUST(mdb_get(writer->txn, writer->addresses, &k, &old) == 0
             || old.mv_size == 0);
    octets = malloc(old.mv_size + len);
    BOX_MUST(octets != NULL);
    if (old.mv_size > 0)
        memcpy(octets, old.mv_data, old.mv_size);
    memcpy(octets + old.mv_size, record, len);
    box_put_raw(writer, writer->addresses, key->octets, key->len, octets,
                old.mv_size + len);
    writer->unsealed = true;
    free(octets);
}

static inline void
box_put_entry(struct box_writer *writer, const struct box_entry *entry)
{
    unsigned char record[SDR_RECORD_MAX];
    unsigned char id[1 + SDR_RECORD_ID_SIZE] = {(unsigned char)entry->directory,
                                                (unsigned char)entry->id};
    struct sdr_facts facts = entry->facts;
    struct sdr_record_key key;
    struct sdr_address address;
    char name[8];

    BOX_MUST(sdr_address_read(&address, entry->address, strlen(entry->address))
             == SDR_OK);
    facts.strength = entry->strength;
    facts.has_routing = entry->routing != NULL;
    if (facts.has_routing)
        BOX_MUST(sdr_address_parse(&facts.routing, entry->routing) == SDR_OK);
    sdr_record_key(&key, entry->directory, &address);
    box_put_record(writer, &key, record,
                   sdr_record_write(record, id + 1, &facts));
    snprintf(name, sizeof name, "cn=%c", entry->id);
    box_put(writer, writer->entries, id, sizeof id, name, strlen(name) + 1);
}

/* Each key names the one behind it in its directory, from the last on. */
static inline void
box_seal_addresses(struct box_writer *writer)
{
    const struct sdr_checksum seal = {BOX_NUMBER, SDR_CHECKSUM_ADDRESS};
    MDB_val key, value, last = {0, NULL};
    MDB_cursor *cursor = NULL;
    uint32_t next = 0;
    int rc;

    for (unsigned i = 0; i < writer->config->directory_count; i++) {
        unsigned char first = (unsigned char)i;

        box_put_raw(writer, writer->addresses, &first, 1, "", 0);
    }
    BOX_MUST(mdb_cursor_open(writer->txn, writer->addresses, &cursor) == 0);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV)) {
        unsigned char name[SDR_RECORD_KEY_MAX], sealed[8192];
        size_t len = SDR_CHECKSUM_SIZE + value.mv_size;
        bool is_last =
            last.mv_size == 0
            || *(unsigned char *)last.mv_data != *(unsigned char *)key.mv_data;

        BOX_MUST(len <= sizeof sealed);
        if (value.mv_size > 0)
            memcpy(sealed + SDR_CHECKSUM_SIZE, value.mv_data, value.mv_size);
        memcpy(name, key.mv_data, key.mv_size);
        key.mv_data = name;
        sdr_checksum_write(&seal, &key, is_last ? 0 : next, sealed, len);
        next = sdr_checksum_name(&seal, &key);
        value = (MDB_val){len, sealed};
        BOX_MUST(mdb_cursor_put(cursor, &key, &value, MDB_CURRENT) == 0);
        BOX_MUST(mdb_cursor_get(cursor, &last, &value, MDB_GET_CURRENT) == 0);
    }
    mdb_cursor_close(cursor);
    writer->unsealed = false;
}

static inline void
box_commit(struct box_writer *writer)
{
    if (writer->unsealed)
        box_seal_addresses(writer);
    BOX_MUST(mdb_txn_commit(writer->txn) == 0);
}

/* ---- children ---- */

/* RUN in a child; true if it ended well. That is by a signal: so nobody looks
 * for leaks in what it leaves behind, which its parent's environments are a
 * part of. */
static inline bool
box_child(const struct box *box, void (*run)(const struct box *, void *),
          void *arg)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        run(box, arg);
        kill(getpid(), SIGKILL);
    }
    return child > 0 && waitpid(child, &status, 0) == child
           && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* It must. */
static inline void
box_in_child(const struct box *box, void (*run)(const struct box *, void *),
             void *arg)
{
    if (!box_child(box, run, arg))
        fail_msg("a child failed");
}

/* All that a replica needs. */
struct box_content {
    const struct box_entry *entries;
    size_t count;
    uint32_t format;
    struct sdr_record_state state; /* of each directory */
};

static inline void
box_fill(const struct box *box, void *arg)
{
    const struct box_content *content = arg;
    struct box_writer writer;
    struct stat st = {.st_size = 0};

    stat(box->path, &st);
    box_open(&writer, box, (size_t)st.st_size + (1 << 20));
    box_begin(&writer);
    BOX_MUST(mdb_drop(writer.txn, writer.addresses, 0) == 0);
    BOX_MUST(mdb_drop(writer.txn, writer.entries, 0) == 0);
    BOX_MUST(mdb_drop(writer.txn, writer.meta, 0) == 0);
    box_put_format(&writer, content->format);
    for (unsigned i = 0; i < box->config->directory_count; i++)
        box_put_state(&writer, i, content->state);
    for (size_t i = 0; i < content->count; i++)
        box_put_entry(&writer, &content->entries[i]);
    writer.unsealed = true;
    box_commit(&writer);
    mdb_env_close(writer.env);
}

/* Write it: up to date, complete. */
static inline void
box_write(const struct box *box, const struct box_entry *entries, size_t count)
{
    struct box_content content = {
        .entries = entries,
        .count = count,
        .format = SDR_RECORD_FORMAT,
        .state = {.contact = time(NULL), .entries = count, .complete = 1}};

    box_in_child(box, box_fill, &content);
}

/* ---- asking ---- */

/* The keys, strongest first, ended by NULL. */
static inline struct sdr_keys
box_keys(const char *const texts[SDR_KEYS_MAX])
{
    struct sdr_keys keys = {0};

    for (; keys.count < SDR_KEYS_MAX && texts[keys.count] != NULL;
         keys.count++) {
        const char *text = texts[keys.count];

        if (sdr_address_read(&keys.key[keys.count], text, strlen(text))
            != SDR_OK)
            abort();
    }
    return keys;
}

/* What directory 0 says now of one address. */
static inline enum sdr_status
box_ask(struct sdr_replica *replica, const char *address,
        struct sdr_facts *facts, struct sdr_error *error)
{
    const char *const texts[SDR_KEYS_MAX] = {address};
    struct sdr_keys keys = box_keys(texts);

    error->text[0] = '\0';
    return sdr_replica_lookup(replica, 0, &keys, time(NULL), facts, error);
}

/* Ask until the answer is STATUS, with OWNERS if it is found. False if it never
 * is. */
static inline bool
box_comes_to_say(struct sdr_replica *replica, const char *address,
                 enum sdr_status status, sdr_sites owners)
{
    time_t end = time(NULL) + BOX_PATIENCE;

    while (time(NULL) < end) {
        struct sdr_facts facts;
        struct sdr_error error;

        if (box_ask(replica, address, &facts, &error) == status
            && (status != SDR_OK || facts.owners == owners))
            return true;
        usleep(10000);
    }
    return false;
}

#endif
