/* access.c - see access.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/access.h"

#include <stdlib.h>
#include <string.h>

#include <ldap.h>

#include "net/clock.h"
#include "decision/value.h"
#include "ldap/effective_rights.h"
#include "ldap/filter.h"
#include "ldap/must_see.h"
#include "ldap/server_kind.h"
#include "decision/value.h"

/* How long a result is valid: a proof on most servers; a proof on Active
 * Directory, which is expensive; a failure on Active Directory. */
enum { COMPARED_MS = 10 * 1000, SHOWN_MS = 60 * 1000, HIDDEN_MS = 10 * 1000 };

enum { OWNER, ROUTING, HOLD };

void
sdr_access_list(const struct sdr_directory_options *directory,
                struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT],
                unsigned *named)
{
    const struct sdr_mapping *mapping = &directory->mapping;

    attributes[OWNER] = (struct sdr_ad_attribute){.name = mapping->owner};
    attributes[ROUTING] = (struct sdr_ad_attribute){.name = mapping->routing};
    attributes[HOLD] = (struct sdr_ad_attribute){.name = mapping->hold};
    *named = (directory->owner_attribute != NULL ? 1u << OWNER : 0)
             | (directory->routing_attribute != NULL ? 1u << ROUTING : 0)
             | (directory->hold_attribute != NULL ? 1u << HOLD : 0);
}

unsigned
sdr_access_shown(const struct sdr_directory_options *directory,
                 const char *attribute)
{
    struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT];
    unsigned named, shown = 0;

    sdr_access_list(directory, attributes, &named);
    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++) {
        if (sdr_attribute_is(attributes[i].name, attribute))
            shown |= 1u << i;
    }
    return shown;
}

/* A proof for one entry, over one connection. */
struct proof {
    struct sdr_access *access;
    struct sdr_connection *connection;
    struct sdr_ad_attribute attributes[SDR_ACCESS_COUNT];
    unsigned named;
    const char *dn;
    struct sdr_error *error;
};

/* ---- by a compare ---- */

static enum sdr_status
not_readable(const struct proof *proof, unsigned i, int code)
{
    sdr_error_set(proof->error, "%s of %s cannot be read: %s",
                  proof->attributes[i].name, proof->dn, ldap_err2string(code));
    return SDR_TEMPFAIL;
}

static void
on_entry(void *arg, const char *dn)
{
    (void)dn;
    *(bool *)arg = true;
}

/* Prove access to an attribute that cannot be compared: its syntax does not
 * allow "x", or it has no equality rule. slapd reports that before it checks
 * access. */
static enum sdr_status
prove_by_filter(const struct proof *proof, unsigned i)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    bool found = false;
    char *filter = sdr_filter_readable(proof->attributes[i].name);
    struct sdr_search search = {.base = proof->dn,
                                .filter = filter,
                                .attributes = nothing,
                                .entry = on_entry,
                                .arg = &found};
    enum sdr_status status =
        sdr_connection_search(proof->connection, &search, proof->error);

    free(filter);
    if (status == SDR_OK && !found)
        status = not_readable(proof, i, LDAP_INSUFFICIENT_ACCESS);
    return status;
}

/* Judge the result code of a compare. slapd grants compare access together with
 * read access, and reports missing access by a code of its own. An attribute
 * that the server does not know is an error if the configuration names it. An
 * attribute of a profile may be missing: then all entries belong to the default
 * owner. */
static enum sdr_status
judge_code(const struct proof *proof, unsigned i, int code)
{
    switch (code) {
    case LDAP_COMPARE_TRUE:
    case LDAP_COMPARE_FALSE:
    case LDAP_NO_SUCH_ATTRIBUTE:
        return SDR_OK;
    case LDAP_UNDEFINED_TYPE:
        if ((proof->named >> i & 1) != 0)
            return not_readable(proof, i, code);
        proof->access->unknown |= 1u << i;
        return SDR_OK;
    case LDAP_INVALID_SYNTAX:
    case LDAP_INAPPROPRIATE_MATCHING:
        return prove_by_filter(proof, i);
    default:
        return not_readable(proof, i, code);
    }
}

static enum sdr_status
prove_by_compare(const struct proof *proof)
{
    struct sdr_comparison comparisons[SDR_ACCESS_COUNT];
    unsigned which[SDR_ACCESS_COUNT], count = 0;
    enum sdr_status status;

    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++) {
        if (proof->attributes[i].name == NULL)
            continue;
        which[count] = i;
        comparisons[count++] =
            (struct sdr_comparison){.attribute = proof->attributes[i].name,
                                    .value = i == HOLD ? "TRUE" : "x"};
    }
    proof->access->unknown = 0;
    status = sdr_connection_compare(proof->connection, proof->dn, comparisons,
                                    count, proof->error);
    for (unsigned i = 0; i < count && status == SDR_OK; i++)
        status = judge_code(proof, which[i], comparisons[i].code);
    return status;
}

/* ---- in Active Directory ---- */

/* Judge an attribute that no user shows. */
static enum sdr_status
judge_hidden(const struct proof *proof, unsigned i)
{
    const struct sdr_ad_attribute *attribute = &proof->attributes[i];

    if (!attribute->known && (proof->named >> i & 1) != 0)
        sdr_error_set(proof->error, "the schema has no attribute %s",
                      attribute->name);
    else if (attribute->confidential)
        sdr_error_set(proof->error,
                      "%s cannot be read: the schema marks it as confidential, "
                      "and no user shows a value",
                      attribute->name);
    else if (attribute->expected)
        sdr_error_set(proof->error,
                      "no user shows a value of %s any more: has it been "
                      "hidden? If nobody has one now, reload",
                      attribute->name);
    else
        return SDR_OK;
    return SDR_TEMPFAIL;
}

static enum sdr_status
prove_by_look(struct proof *proof, struct sdr_access_seen *seen)
{
    unsigned before = atomic_load(&seen->attributes), shown = 0;
    enum sdr_status status;

    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++)
        proof->attributes[i].expected = (before >> i & 1) != 0 && i != HOLD;
    status = sdr_ad_look(proof->connection, proof->attributes, SDR_ACCESS_COUNT,
                         proof->error);
    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++)
        shown |= (unsigned)proof->attributes[i].shown << i;
    atomic_fetch_or(&seen->attributes, shown);
    for (unsigned i = 0; i < SDR_ACCESS_COUNT && status == SDR_OK; i++) {
        if (proof->attributes[i].name != NULL && !proof->attributes[i].shown)
            status = judge_hidden(proof, i);
    }
    return status;
}

/* ---- on other servers ---- */

static enum sdr_status
prove_by_must_see(const struct proof *proof)
{
    const struct sdr_directory_options *directory =
        sdr_connection_directory(proof->connection);
    const char *name = proof->attributes[OWNER].name != NULL
                           ? proof->attributes[OWNER].name
                           : proof->attributes[ROUTING].name;

    if (name == NULL || sdr_must_see_owner(directory))
        return SDR_OK;
    sdr_error_set(
        proof->error,
        "%s does not report whether %s may be read: add \"must-see = ADDRESS "
        "SITE\" to [directory %s], see sdrctl check directory",
        sdr_server_name(sdr_connection_server(proof->connection)->kind), name,
        directory->name);
    return SDR_TEMPFAIL;
}

/* ---- in 389 Directory Server ---- */

static enum sdr_status
judge_right(const struct proof *proof, unsigned i,
            const struct sdr_right *right)
{
    bool named = (proof->named >> i & 1) != 0;

    if (right->name == NULL || right->read || (right->unknown && !named))
        return SDR_OK;
    if (right->unknown)
        sdr_error_set(proof->error, "the schema has no attribute %s",
                      right->name);
    else
        sdr_error_set(proof->error,
                      "%s of %s cannot be read: the account has no read access",
                      right->name, proof->dn);
    return SDR_TEMPFAIL;
}

static enum sdr_status
prove_by_effective_rights(const struct proof *proof)
{
    struct sdr_right access[SDR_ACCESS_COUNT] = {{.name = NULL}};
    enum sdr_status status;

    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++)
        access[i].name = proof->attributes[i].name;
    status = sdr_effective_rights(proof->connection, proof->dn, access,
                                  SDR_ACCESS_COUNT, proof->error);
    if (status != SDR_OK && !sdr_connection_is_broken(proof->connection)) {
        sdr_connection_server(proof->connection)->mute = true;
        return prove_by_must_see(proof);
    }
    for (unsigned i = 0; i < SDR_ACCESS_COUNT && status == SDR_OK; i++)
        status = judge_right(proof, i, &access[i]);
    return status;
}

/* ---- all kinds of server ---- */

static enum sdr_status
prove(struct proof *proof, enum sdr_proof by, struct sdr_access_seen *seen)
{
    switch (by) {
    case SDR_PROOF_MUST_SEE:
        return prove_by_must_see(proof);
    case SDR_PROOF_COMPARE:
        return prove_by_compare(proof);
    case SDR_PROOF_SCHEMA:
        return prove_by_look(proof, seen);
    case SDR_PROOF_EFFECTIVE_RIGHTS:
        return prove_by_effective_rights(proof);
    }
    return SDR_TEMPFAIL;
}

/* Cache the result; failures too, which only Active Directory has here. */
static void
keep(struct sdr_access *access, enum sdr_status status, bool ad,
     const struct sdr_error *reason)
{
    int64_t for_ms = ad ? SHOWN_MS : COMPARED_MS;

    if (status != SDR_OK) {
        for_ms = HIDDEN_MS;
        access->reason = *reason;
    }
    access->status = status;
    access->until = sdr_clock() + for_ms;
}

bool
sdr_access_remembers(const struct sdr_access *access)
{
    return access->status != SDR_OK && sdr_clock() < access->until;
}

enum sdr_status
sdr_access_prove(struct sdr_access *access, struct sdr_access_seen *seen,
                 struct sdr_connection *connection, const char *dn,
                 struct sdr_error *error)
{
    struct proof proof = {
        .access = access, .connection = connection, .dn = dn, .error = error};
    enum sdr_status status = sdr_server_detect(connection, error);
    enum sdr_proof by;

    if (status == SDR_OK)
        status = sdr_must_see_prove_lately(connection, error);
    if (status != SDR_OK)
        return status;
    if (sdr_clock() < access->until) {
        if (access->status != SDR_OK)
            *error = access->reason;
        return access->status;
    }
    by = sdr_server_proof(sdr_connection_server(connection));
    sdr_access_list(sdr_connection_directory(connection), proof.attributes,
                    &proof.named);
    status = prove(&proof, by, seen);
    if (status == SDR_OK
        || (by == SDR_PROOF_SCHEMA && !sdr_connection_is_broken(connection)))
        keep(access, status, by == SDR_PROOF_SCHEMA, error);
    return status;
}

/* Treat the server as a proxy from now on: another server answers for this part
 * of the tree. */
static enum sdr_status
be_proxy(struct sdr_connection *connection, struct sdr_error *error)
{
    struct proof proof = {.connection = connection, .error = error};

    sdr_connection_server(connection)->kind = SDR_SERVER_PROXY;
    sdr_access_list(sdr_connection_directory(connection), proof.attributes,
                    &proof.named);
    return prove_by_must_see(&proof);
}

enum sdr_status
sdr_access_prove_absent(const struct sdr_access *access,
                        struct sdr_connection *connection, const char *dn,
                        unsigned shown, struct sdr_error *error)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    const struct sdr_mapping *mapping =
        &sdr_connection_directory(connection)->mapping;
    const char *names[] = {mapping->owner, mapping->routing, mapping->hold};
    bool found = false;
    struct sdr_search search = {.base = dn,
                                .attributes = nothing,
                                .entry = on_entry,
                                .arg = &found,
                                .openldap = true,
                                .may_fail = true};
    unsigned asked = 0;
    enum sdr_status status;
    char *filter;

    if (sdr_connection_server(connection)->kind != SDR_SERVER_OPENLDAP)
        return SDR_OK;
    for (unsigned i = 0; i < SDR_ACCESS_COUNT; i++) {
        if (((access->unknown | shown) >> i & 1) != 0)
            names[i] = NULL;
        asked += names[i] != NULL;
    }
    if (asked == 0)
        return SDR_OK;
    search.filter = filter = sdr_filter_absent(names, SDR_ACCESS_COUNT);
    status = sdr_connection_search(connection, &search, error);
    free(filter);
    if (search.code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
        return be_proxy(connection, error);
    if (status != SDR_OK || found)
        return status;
    sdr_error_set(error,
                  "%s has an owner, a routing address or a hold that is not "
                  "shown: it may be searched or compared, but not read",
                  dn);
    return SDR_TEMPFAIL;
}
