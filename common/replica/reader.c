/* reader.c - see reader.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replica/fingerprint.h"
#include "replica/file.h"
#include "replica/checksum.h"

/* How many seconds a contact may be in the future. Beyond that, the clock was
 * set. */
enum { CLOCK_SLACK = 60 };

struct sdr_replica {
    const struct sdr_config *config;
    struct sdr_replica_file *file;
    unsigned char (*fingerprints)[SDR_RECORD_FINGERPRINT]; /* one each */
};

/* ---- creation ---- */

static bool
make(struct sdr_replica *replica, const struct sdr_config *config)
{
    replica->config = config;
    replica->file = sdr_replica_file_new(config->replica.path);
    replica->fingerprints =
        calloc(config->directory_count, sizeof *replica->fingerprints);
    if (replica->file == NULL || replica->fingerprints == NULL)
        return false;
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (!sdr_fingerprint(config, i, replica->fingerprints[i]))
            return false;
    }
    return true;
}

struct sdr_replica *
sdr_replica_new(const struct sdr_config *config)
{
    struct sdr_replica *replica = calloc(1, sizeof *replica);

    if (replica != NULL && !make(replica, config))
        sdr_replica_free(&replica);
    return replica;
}

void
sdr_replica_free(struct sdr_replica **replica)
{
    struct sdr_replica *r = *replica;

    *replica = NULL;
    if (r == NULL)
        return;
    sdr_replica_file_free(&r->file);
    free(r->fingerprints);
    free(r);
}

static enum sdr_status
failed(const struct sdr_replica *replica, const char *reason,
       struct sdr_error *error)
{
    sdr_error_set(error, "%s: %s", replica->config->replica.path, reason);
    return SDR_TEMPFAIL;
}

/* Look up a key and verify its checksum. Returns MDB_CORRUPTED if the value is
 * not what was written. */
static int
get(const struct sdr_replica_view *view, char table,
    const struct sdr_lmdb_tree *tree, const MDB_val *key, MDB_val *value)
{
    const struct sdr_checksum checksum = {view->number, table};
    int rc = sdr_lmdb_pages_get(view->pages, tree, key, value);

    return rc != 0 || sdr_checksum_open(&checksum, key, value, NULL)
               ? rc
               : MDB_CORRUPTED;
}

/* ---- the state of the copy ---- */

static enum sdr_status
read_meta(const struct sdr_replica *replica,
          const struct sdr_replica_view *view, const void *name, size_t len,
          void *out, size_t size, struct sdr_error *error)
{
    MDB_val key = {len, (void *)(uintptr_t)name}, value;
    int rc = get(view, SDR_CHECKSUM_META, &view->known->meta, &key, &value);

    if (rc == MDB_NOTFOUND)
        return failed(replica, "sdr-sync has not read the directory yet",
                      error);
    if (rc == 0 && value.mv_size != size)
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return failed(replica, mdb_strerror(rc), error);
    memcpy(out, value.mv_data, size);
    return SDR_OK;
}

/* Returns the state of the copy of that directory, valid until the view ends;
 * NULL with the reason. */
static const struct sdr_record_state *
know_state(const struct sdr_replica *replica,
           const struct sdr_replica_view *view, unsigned directory,
           struct sdr_error *error)
{
    struct sdr_replica_known *known = view->known;
    unsigned char key = (unsigned char)directory;

    if (!known->has_state || known->directory != directory) {
        known->has_state = false;
        if (read_meta(replica, view, &key, 1, &known->state,
                      sizeof known->state, error)
            != SDR_OK)
            return NULL;
        known->has_state = true;
        known->directory = directory;
    }
    if (memcmp(known->state.fingerprint, replica->fingerprints[directory],
               sizeof known->state.fingerprint)
        == 0)
        return &known->state;
    failed(replica,
           "written for another configuration; reload sdr-sync or this program",
           error);
    return NULL;
}

enum sdr_status
sdr_replica_state(struct sdr_replica *replica, unsigned directory,
                  struct sdr_record_state *state, struct sdr_error *error)
{
    const struct sdr_record_state *known;
    struct sdr_replica_view view;

    if (sdr_replica_begin(replica->file, &view, error) != SDR_OK)
        return SDR_TEMPFAIL;
    known = know_state(replica, &view, directory, error);
    if (known != NULL)
        *state = *known;
    sdr_replica_end(replica->file, &view);
    return known != NULL ? SDR_OK : SDR_TEMPFAIL;
}

enum sdr_status
sdr_replica_status(struct sdr_replica *replica, unsigned directory,
                   struct sdr_record_status *status, struct sdr_error *error)
{
    const unsigned char key[2] = {(unsigned char)directory, 's'};
    struct sdr_replica_view view;
    enum sdr_status rc = SDR_TEMPFAIL;

    if (sdr_replica_begin(replica->file, &view, error) != SDR_OK)
        return SDR_TEMPFAIL;
    if (know_state(replica, &view, directory, error) != NULL)
        rc = read_meta(replica, &view, key, sizeof key, status, sizeof *status,
                       error);
    sdr_replica_end(replica->file, &view);
    return rc;
}

/* ---- reading ---- */

/* Read the DN of the entry. */
static void
read_name(const struct sdr_replica_view *view, unsigned directory,
          const unsigned char *id, struct sdr_facts *facts)
{
    unsigned char octets[1 + SDR_RECORD_ID_SIZE] = {(unsigned char)directory};
    MDB_val key = {sizeof octets, octets}, value;
    size_t len = 0;

    memcpy(octets + 1, id, SDR_RECORD_ID_SIZE);
    if (get(view, SDR_CHECKSUM_ENTRY, &view->known->entries, &key, &value) == 0)
        len = strnlen(value.mv_data, value.mv_size);
    if (len >= sizeof facts->dn)
        len = sizeof facts->dn - 1;
    if (len > 0)
        memcpy(facts->dn, value.mv_data, len);
    facts->dn[len] = '\0';
}

/* Read the next record of one key. Its DN is not read yet. */
static bool
next_record(const struct sdr_config *config, unsigned directory, MDB_val *rest,
            unsigned char id[SDR_RECORD_ID_SIZE], struct sdr_facts *facts)
{
    const unsigned char *at = rest->mv_data;

    if (!sdr_record_read(&at, &rest->mv_size, id, facts)
        || facts->routing_site >= config->site_count
        || (uint64_t)facts->owners >> config->site_count != 0)
        return false;
    rest->mv_data = (void *)(uintptr_t)at;
    facts->directory = directory;
    facts->key = 0;
    sdr_facts_apply(facts, config);
    facts->dn[0] = '\0';
    return true;
}

/* Returns true if the log may have to name the entry. */
static bool
is_doubtful(const struct sdr_facts *facts)
{
    return facts->disagree || facts->unreadable || facts->foreign_owner
           || facts->bad_routing || facts->outside
           || sdr_facts_has_address(facts);
}

/* The parameters of one look-up. */
struct search {
    const struct sdr_replica *replica;
    const struct sdr_replica_view *view;
    unsigned directory;
    const struct sdr_keys *keys;
    bool named; /* always read the DN */
};

/* Returns true if FACTS is stronger, by the rules of sdr_facts_merge(). */
static bool
is_stronger(const struct sdr_facts *facts, const struct sdr_facts *best)
{
    if (facts->unreadable != best->unreadable)
        return best->unreadable;
    return facts->strength < best->strength;
}

/* Merge the records of the key with this index. */
static int
read_records(const struct search *search, MDB_val rest, unsigned key,
             struct sdr_facts *best)
{
    unsigned char id[SDR_RECORD_ID_SIZE], best_id[SDR_RECORD_ID_SIZE];
    bool found = false;

    while (rest.mv_size > 0) {
        struct sdr_facts another;
        struct sdr_facts *facts = found ? &another : best;

        if (!next_record(search->replica->config, search->directory, &rest, id,
                         facts))
            return MDB_CORRUPTED;
        facts->key = key;
        if (!found || is_stronger(facts, best))
            memcpy(best_id, id, sizeof best_id);
        if (found)
            sdr_facts_merge(best, &found, facts);
        found = true;
    }
    if (!found)
        return MDB_CORRUPTED;
    if (search->named || is_doubtful(best))
        read_name(search->view, search->directory, best_id, best);
    return 0;
}

static bool
is_in(unsigned directory, const MDB_val *key)
{
    return key->mv_size > 0
           && *(const unsigned char *)key->mv_data == directory;
}

/* Prove that a key does not exist; it may have been lost with a page. Returns
 * MDB_NOTFOUND if its two neighbours were written as neighbours. */
static int
prove_none(const struct search *search, const MDB_val *key)
{
    const struct sdr_replica_view *view = search->view;
    const struct sdr_lmdb_tree *tree = &view->known->addresses;
    const struct sdr_checksum checksum = {view->number, SDR_CHECKSUM_ADDRESS};
    MDB_val before, behind, value;
    uint32_t next = 0, wanted = 0;
    int rc = sdr_lmdb_pages_behind(view->pages, tree, key, &behind, &value);

    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0 && is_in(search->directory, &behind)) {
        if (sdr_checksum_order(&behind, key) <= 0)
            return MDB_CORRUPTED;
        wanted = sdr_checksum_name(&checksum, &behind);
    }
    return sdr_lmdb_pages_before(view->pages, tree, key, &before, &value) == 0
                   && is_in(search->directory, &before)
                   && sdr_checksum_order(&before, key) < 0
                   && sdr_checksum_open(&checksum, &before, &value, &next)
                   && next == wanted
               ? MDB_NOTFOUND
               : MDB_CORRUPTED;
}

static int
find(const struct search *search, struct sdr_facts *facts)
{
    const struct sdr_replica_view *view = search->view;
    int rc = MDB_NOTFOUND;

    for (unsigned k = 0; k < search->keys->count && rc == MDB_NOTFOUND; k++) {
        struct sdr_record_key octets;
        MDB_val key, value;

        sdr_record_key(&octets, search->directory, &search->keys->key[k]);
        key = (MDB_val){octets.len, octets.octets};
        rc = get(view, SDR_CHECKSUM_ADDRESS, &view->known->addresses, &key,
                 &value);
        if (rc == 0)
            rc = read_records(search, value, k, facts);
        else if (rc == MDB_NOTFOUND)
            rc = prove_none(search, &key);
    }
    return rc;
}

/* ---- validity of an answer ---- */

/* An exact match is valid for days: a recipient that existed will still exist.
 * That a recipient does not exist, or not by a stronger key, must be true now.
 */
void
sdr_replica_left(const struct sdr_replica_options *options,
                 const struct sdr_record_state *state, time_t now,
                 int64_t *known, int64_t *unknown)
{
    int64_t age = (int64_t)now - state->contact;

    if (state->complete == 0)
        *known = *unknown = -1;
    else if (state->from_a_file != 0)
        *known = *unknown = INT64_MAX;
    else {
        *known = options->known_max_age - age;
        *unknown = age < -CLOCK_SLACK ? -1 : options->unknown_max_age - age;
    }
    if (state->entries == 0)
        *unknown = -1;
}

static enum sdr_status
weigh(const struct sdr_replica *replica, const struct sdr_record_state *state,
      time_t now, int rc, unsigned key, struct sdr_error *error)
{
    const struct sdr_replica_options *options = &replica->config->replica;
    bool exact = rc == 0 && key == 0;
    int64_t known, unknown;

    sdr_replica_left(options, state, now, &known, &unknown);
    if ((exact ? known : unknown) >= 0)
        return rc == 0 ? SDR_OK : SDR_NOTFOUND;
    if (state->complete == 0)
        return failed(replica, "it is not complete yet; see sdrctl sync status",
                      error);
    if (!exact && state->entries == 0)
        return failed(replica, "it is empty", error);
    sdr_error_set(error, "%s: last contact %lld s ago", options->path,
                  (long long)now - (long long)state->contact);
    return SDR_TEMPFAIL;
}

/* Returns true if there are entries. Otherwise there are no neighbours that
 * prove anything. */
static bool
holds_any(const struct sdr_record_state *state)
{
    return state->complete != 0 && state->entries != 0;
}

static enum sdr_status
look_up_in(const struct search *search, time_t now, struct sdr_facts *facts,
           struct sdr_error *error)
{
    const struct sdr_record_state *state =
        know_state(search->replica, search->view, search->directory, error);
    int rc;

    if (state == NULL)
        return SDR_TEMPFAIL;
    rc = find(search, facts);
    if (rc != 0 && rc != MDB_NOTFOUND && holds_any(state))
        return failed(search->replica, mdb_strerror(rc), error);
    return weigh(search->replica, state, now, rc, rc == 0 ? facts->key : 0,
                 error);
}

static enum sdr_status
look_up(struct sdr_replica *replica, unsigned directory,
        const struct sdr_keys *keys, bool named, time_t now,
        struct sdr_facts *facts, struct sdr_error *error)
{
    struct sdr_replica_view view;
    const struct search search = {replica, &view, directory, keys, named};
    enum sdr_status status;

    if (sdr_replica_begin(replica->file, &view, error) != SDR_OK)
        return SDR_TEMPFAIL;
    status = look_up_in(&search, now, facts, error);
    sdr_replica_end(replica->file, &view);
    return status;
}

enum sdr_status
sdr_replica_lookup(struct sdr_replica *replica, unsigned directory,
                   const struct sdr_keys *keys, time_t now,
                   struct sdr_facts *facts, struct sdr_error *error)
{
    return look_up(replica, directory, keys, true, now, facts, error);
}

enum sdr_status
sdr_replica_lookup_unnamed(struct sdr_replica *replica, unsigned directory,
                           const struct sdr_keys *keys, time_t now,
                           struct sdr_facts *facts, struct sdr_error *error)
{
    return look_up(replica, directory, keys, false, now, facts, error);
}

/* ---- the whole copy ---- */

struct walk {
    const struct sdr_replica *replica;
    const struct sdr_replica_view *view;
    unsigned directory;
    void (*row)(void *arg, const char *address, const struct sdr_facts *facts);
    void *arg;
    uint64_t entries;        /* number of entries of the copy */
    struct sdr_facts *facts; /* of one address */
    size_t room;
};

static int
compare_names(const void *a, const void *b)
{
    const struct sdr_facts *x = a, *y = b;
    int order = strcmp(x->dn, y->dn);

    return order != 0
               ? order
               : (x->strength > y->strength) - (x->strength < y->strength);
}

static bool
make_room(struct walk *walk, size_t count)
{
    struct sdr_facts *facts;

    if (count <= walk->room)
        return true;
    facts = realloc(walk->facts, 2 * count * sizeof *facts);
    if (facts == NULL)
        return false;
    walk->facts = facts;
    walk->room = 2 * count;
    return true;
}

/* Report all entries that have one address. */
static int
walk_address(struct walk *walk, const MDB_val *key, MDB_val rest)
{
    char address[SDR_RECORD_KEY_MAX + 1];
    unsigned char id[SDR_RECORD_ID_SIZE];
    size_t count = 0;

    if (key->mv_size < 2 || key->mv_size > SDR_RECORD_KEY_MAX)
        return MDB_CORRUPTED;
    memcpy(address, (const char *)key->mv_data + 2, key->mv_size - 2);
    address[key->mv_size - 2] = '\0';
    while (rest.mv_size > 0) {
        if (!make_room(walk, count + 1))
            return MDB_MAP_FULL;
        if (!next_record(walk->replica->config, walk->directory, &rest, id,
                         &walk->facts[count]))
            return MDB_CORRUPTED;
        read_name(walk->view, walk->directory, id, &walk->facts[count++]);
    }
    if (count > 1)
        qsort(walk->facts, count, sizeof *walk->facts, compare_names);
    for (size_t i = 0; i < count; i++)
        walk->row(walk->arg, address, &walk->facts[i]);
    return 0;
}

/* Replace KEY by the next key of the directory. Returns MDB_NOTFOUND if there
 * is none. */
static int
step(const struct walk *walk, struct sdr_record_key *key, MDB_val *value)
{
    const struct sdr_replica_view *view = walk->view;
    MDB_val from = {key->len, key->octets}, found;
    int rc = sdr_lmdb_pages_behind(view->pages, &view->known->addresses, &from,
                                   &found, value);

    if (rc != 0 || !is_in(walk->directory, &found))
        return rc != 0 ? rc : MDB_NOTFOUND;
    if (found.mv_size > sizeof key->octets
        || sdr_checksum_order(&found, &from) <= 0)
        return MDB_CORRUPTED;
    key->len = found.mv_size;
    memcpy(key->octets, found.mv_data, found.mv_size);
    return 0;
}

/* Report all addresses. Each key must be the one that the key before it names,
 * so none is missed. */
static int
walk_all(struct walk *walk)
{
    const struct sdr_replica_view *view = walk->view;
    const struct sdr_checksum checksum = {view->number, SDR_CHECKSUM_ADDRESS};
    struct sdr_record_key at = {1, {(unsigned char)walk->directory}};
    MDB_val key = {at.len, at.octets}, value;
    uint32_t next = 0;
    int rc =
        sdr_lmdb_pages_get(view->pages, &view->known->addresses, &key, &value);

    if (rc == MDB_NOTFOUND && walk->entries == 0)
        return 0;
    while (rc == 0) {
        key = (MDB_val){at.len, at.octets};
        if ((at.len > 1 && next != sdr_checksum_name(&checksum, &key))
            || !sdr_checksum_open(&checksum, &key, &value, &next))
            return MDB_CORRUPTED;
        if (at.len > 1)
            rc = walk_address(walk, &key, value);
        if (rc == 0)
            rc = step(walk, &at, &value);
    }
    if (rc == MDB_NOTFOUND)
        rc = next == 0 ? 0 : MDB_CORRUPTED;
    return rc;
}

enum sdr_status
sdr_replica_walk(struct sdr_replica *replica, unsigned directory,
                 void (*row)(void *arg, const char *address,
                             const struct sdr_facts *facts),
                 void *arg, struct sdr_error *error)
{
    struct sdr_replica_view view;
    struct walk walk = {replica, &view, directory, row, arg, 0, NULL, 0};
    const struct sdr_record_state *state;
    int rc = 0;

    if (sdr_replica_begin(replica->file, &view, error) != SDR_OK)
        return SDR_TEMPFAIL;
    state = know_state(replica, &view, directory, error);
    if (state != NULL) {
        walk.entries = state->entries;
        rc = walk_all(&walk);
    }
    sdr_replica_end(replica->file, &view);
    free(walk.facts);
    if (rc != 0)
        return failed(replica,
                      rc == MDB_MAP_FULL ? "no memory" : mdb_strerror(rc),
                      error);
    return state != NULL ? SDR_OK : SDR_TEMPFAIL;
}
