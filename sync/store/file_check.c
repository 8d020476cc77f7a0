/* file_check.c - see file_check.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/file_check.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "replica/entry.h"
#include "replica/lmdb_check.h"
#include "replica/record.h"
#include "replica/checksum.h"

/* The state of a check. */
struct examination {
    const struct sdr_lmdb_pages *pages;
    struct sdr_lmdb_tree addresses;
    uint64_t number;
    uint64_t keys, records; /* of entries; of addresses */
    MDB_val last;           /* last address; mv_data is NULL: none yet */
    uint32_t next;          /* the next key that it names */
};

static bool
open_checksum(const struct examination *exam, char table, const MDB_val *key,
              MDB_val *value, uint32_t *next)
{
    const struct sdr_checksum checksum = {exam->number, table};

    return sdr_checksum_open(&checksum, key, value, next);
}

/* Check a state, a status, or the writer's own data. The key "format" has no
 * seal. */
static int
on_meta(void *arg, const MDB_val *key, const MDB_val *value)
{
    MDB_val open = *value;

    return key->mv_size == 6
                   || open_checksum(arg, SDR_CHECKSUM_META, key, &open, NULL)
               ? 0
               : MDB_CORRUPTED;
}

static int
on_held(void *arg, const MDB_val *key, const MDB_val *value)
{
    MDB_val open = *value;

    return open_checksum(arg, SDR_CHECKSUM_HELD, key, &open, NULL)
               ? 0
               : MDB_CORRUPTED;
}

/* ---- addresses: each names the next one of its directory ---- */

static bool
is_first(const struct examination *exam, const MDB_val *key)
{
    return exam->last.mv_data == NULL
           || *(const unsigned char *)exam->last.mv_data
                  != *(const unsigned char *)key->mv_data;
}

static int
on_address(void *arg, const MDB_val *key, const MDB_val *value)
{
    struct examination *exam = arg;
    const struct sdr_checksum checksum = {exam->number, SDR_CHECKSUM_ADDRESS};
    MDB_val open = *value;
    const unsigned char *at;
    unsigned char id[SDR_RECORD_ID_SIZE];
    struct sdr_facts facts;
    bool first = is_first(exam, key);

    if (key->mv_size == 0 || (key->mv_size == 1) != first
        || exam->next != (first ? 0 : sdr_checksum_name(&checksum, key))
        || !open_checksum(exam, SDR_CHECKSUM_ADDRESS, key, &open, &exam->next))
        return MDB_CORRUPTED;
    exam->last = *key;
    at = open.mv_data;
    for (; open.mv_size > 0; exam->records++) {
        if (!sdr_record_read(&at, &open.mv_size, id, &facts))
            return MDB_CORRUPTED;
    }
    return 0;
}

/* ---- entries: each is found by its keys ---- */

/* Returns true if the address table has the record of this entry under the key.
 */
static bool
is_indexed(const struct examination *exam, const MDB_val *id,
           const struct entry_view *view, const struct entry_key *key)
{
    MDB_val name = {key->key.len, (void *)(uintptr_t)key->key.octets}, value;
    unsigned char wanted[SDR_RECORD_MAX], found[SDR_RECORD_ID_SIZE];
    struct sdr_facts facts;
    const unsigned char *at, *begin;
    size_t len;

    if (!entry_facts(view, &facts)
        || sdr_lmdb_pages_get(exam->pages, &exam->addresses, &name, &value) != 0
        || !open_checksum(exam, SDR_CHECKSUM_ADDRESS, &name, &value, NULL))
        return false;
    facts.strength = key->strength;
    len = sdr_record_write(wanted, (const unsigned char *)id->mv_data + 1,
                           &facts);
    for (at = begin = value.mv_data;
         sdr_record_read(&at, &value.mv_size, found, &facts); begin = at) {
        if ((size_t)(at - begin) == len && memcmp(begin, wanted, len) == 0)
            return true;
    }
    return false;
}

static int
on_entry(void *arg, const MDB_val *key, const MDB_val *value)
{
    struct examination *exam = arg;
    MDB_val open = *value;
    struct entry_view view, rest;
    struct entry_key found;

    if (key->mv_size != 1 + SDR_RECORD_ID_SIZE
        || !open_checksum(exam, SDR_CHECKSUM_ENTRY, key, &open, NULL)
        || !entry_read(&view, open.mv_data, open.mv_size))
        return MDB_CORRUPTED;
    rest = view;
    for (; entry_next_key(&rest, &found); exam->keys++) {
        if (!is_indexed(exam, key, &view, &found))
            return MDB_CORRUPTED;
    }
    return 0;
}

/* ---- the file ---- */

bool
file_check_format(const MDB_val *value, uint64_t *number)
{
    struct sdr_record_format format;

    if (value->mv_size != sizeof format)
        return false;
    memcpy(&format, value->mv_data, sizeof format);
    *number = format.file;
    return format.format == SDR_RECORD_FORMAT;
}

/* Find the format. Returns MDB_INCOMPATIBLE if the file is not a replica, or
 * has another format: environment.c handles that. */
static int
find_format(struct examination *exam, const struct sdr_lmdb_tree *main)
{
    char name[] = "format";
    MDB_val key = {strlen(name), name}, value;
    struct sdr_lmdb_tree meta;
    int rc = sdr_lmdb_pages_tree(exam->pages, main, SDR_RECORD_META, &meta);

    if (rc == 0)
        rc = sdr_lmdb_pages_tree(exam->pages, main, SDR_RECORD_ADDRESSES,
                                 &exam->addresses);
    if (rc == 0)
        rc = sdr_lmdb_pages_get(exam->pages, &meta, &key, &value);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? MDB_INCOMPATIBLE : rc;
    return file_check_format(&value, &exam->number) ? 0 : MDB_INCOMPATIBLE;
}

/* Returns true if the file was a replica before its last commit, and so is
 * ours. */
static bool
was_ours(struct examination *exam, size_t transaction)
{
    struct sdr_lmdb_tree main;

    return transaction > 0
           && sdr_lmdb_pages_main(exam->pages, transaction - 1, &main) == 0
           && find_format(exam, &main) == 0;
}

static int
file_check_pages(struct sdr_lmdb_pages *pages)
{
    struct examination exam = {.pages = pages};
    const struct sdr_lmdb_pages_row rows[] = {
        {SDR_RECORD_META, on_meta, &exam},
        {SDR_RECORD_ADDRESSES, on_address, &exam},
        {SDR_RECORD_ENTRIES, on_entry, &exam},
        {"held", on_held, &exam},
        {NULL, NULL, NULL}};
    struct sdr_lmdb_tree main;
    size_t transaction;
    int rc = sdr_lmdb_pages_last(pages, &transaction, &main);

    if (rc == 0)
        rc = find_format(&exam, &main);
    if (rc == MDB_INCOMPATIBLE && was_ours(&exam, transaction))
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return rc == MDB_INVALID || rc == MDB_INCOMPATIBLE ? 0 : rc;
    rc = sdr_lmdb_pages_check(pages, transaction, rows);
    if (rc == 0 && (exam.keys != exam.records || exam.next != 0))
        rc = MDB_CORRUPTED;
    return rc;
}

int
file_check(int fd)
{
    struct sdr_lmdb_pages pages = {.map = NULL};
    struct stat file;
    void *map;
    int rc;

    if (fstat(fd, &file) != 0)
        return errno;
    if (file.st_size == 0)
        return 0;
    pages.size = (size_t)file.st_size;
    map = mmap(NULL, pages.size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return errno;
    pages.map = map;
    rc = file_check_pages(&pages);
    munmap(map, pages.size);
    return rc;
}
