/* questions_sides.c - see questions_sides.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "questions_sides.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>
#include <lmdb.h>

#include "ldap/filter.h"
#include "decision/profile.h"
#include "replica/record.h"
#include "decision/sdr.h"

enum { ADDRESSES_MAX = 100000 };

void
die(const char *what, const char *why)
{
    fprintf(stderr, "questions: %s: %s\n", what, why);
    exit(1);
}

/* ---- the addresses ---- */

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

/* Make the keys to look up for the address. */
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

void
questions_read(const char *conf, const char *file)
{
    read_addresses(file);
    if (sdr_open(&sdr, conf, NULL) != SDR_OK)
        die(conf, "cannot be used");
    directory = &sdr_get_config(sdr)->directories[0];
}

size_t
questions_count(void)
{
    return count;
}

void
questions_free(void)
{
    sdr_close(&sdr);
}

/* ---- sdr ---- */

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

/* ---- LMDB ---- */

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

/* ---- libldap ---- */

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

/* ---- the table ---- */

static const struct side sides[] = {
    {"decide", decide_prepare, decide_open, decide_ask, decide_close},
    {"mdb_get", raw_prepare, raw_open, raw_ask, raw_close},
    {"ldap", plain_prepare, plain_open, plain_ask, plain_close},
};

const struct side *
side_find(const char *name)
{
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (strcmp(sides[i].name, name) == 0)
            return &sides[i];
    }
    die(name, "no such side");
    return NULL;
}
