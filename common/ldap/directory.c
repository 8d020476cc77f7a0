/* directory.c - see directory.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/gssapi.h"
#include "ldap/must_see.h"
#include "decision/profile.h"
#include "ldap/server_kind.h"
#include "ldap/failover.h"

/* The most entries accepted for one recipient. */
enum { ENTRIES_MAX = 100 };

enum { DN_MAX_OCTETS = 2048 };

struct sdr_directory {
    const struct sdr_config *config;
    const struct sdr_directory_options *options;
    unsigned index;
    struct sdr_pool *pool;
    const char **attributes; /* requested for each entry; ends with NULL */
};

/* ---- creation ---- */

struct sdr_directory *
sdr_directory_new(const struct sdr_config *config, unsigned index)
{
    struct sdr_directory *d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    d->config = config;
    d->options = &config->directories[index];
    d->index = index;
    d->pool = sdr_pool_new(d->options);
    d->attributes = sdr_profile_attributes(&d->options->mapping, NULL);
    if (d->pool == NULL || d->attributes == NULL)
        sdr_directory_free(&d);
    return d;
}

void
sdr_directory_free(struct sdr_directory **directory)
{
    struct sdr_directory *d = *directory;

    if (d == NULL)
        return;
    sdr_pool_free(&d->pool);
    sdr_gssapi_forget(d->options);
    free(d->attributes);
    free(d);
    *directory = NULL;
}

/* ---- one query to one server ---- */

/* A search whose entries are being read. */
struct inquiry {
    struct sdr_directory *directory;
    const struct sdr_keys *keys;
    const struct sdr_trace *trace;
    const struct sdr_groups *groups;
    struct sdr_reader reader;
    struct sdr_facts *facts;
    bool found;
    bool ownerless;               /* an entry without an owner was found */
    unsigned entry_shows;         /* of the current entry, see
                                     sdr_access_shown() */
    char entry_dn[DN_MAX_OCTETS]; /* of the current entry */
    unsigned shows;
    char dn[DN_MAX_OCTETS]; /* of an entry found, without an owner if any */
};

static void
on_entry(void *arg, const char *dn)
{
    struct inquiry *inquiry = arg;

    sdr_trace(inquiry->trace, "entry %s", dn);
    inquiry->entry_shows = 0;
    snprintf(inquiry->entry_dn, sizeof inquiry->entry_dn, "%s", dn);
    sdr_reader_begin(&inquiry->reader, inquiry->directory->config,
                     inquiry->keys, inquiry->directory->index, dn);
    inquiry->reader.groups = inquiry->groups;
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct inquiry *inquiry = arg;

    sdr_trace(inquiry->trace, "  %s: %.*s", attribute,
              (int)(len > 1024 ? 1024 : len), value);
    inquiry->entry_shows |=
        sdr_access_shown(inquiry->directory->options, attribute);
    sdr_reader_value(&inquiry->reader, attribute, value, len);
}

static void
on_end(void *arg)
{
    struct inquiry *inquiry = arg;

    if (!sdr_reader_end(&inquiry->reader, inquiry->facts, &inquiry->found)) {
        sdr_trace(inquiry->trace,
                  "  ignored: none of its addresses is the recipient's");
        return;
    }
    if (inquiry->reader.facts.by_default || !inquiry->ownerless) {
        memcpy(inquiry->dn, inquiry->entry_dn, sizeof inquiry->dn);
        inquiry->shows = inquiry->entry_shows;
    }
    inquiry->ownerless |= inquiry->reader.facts.by_default;
}

/* Returns true if the entries need no proof: they show their owner, and the
 * server does not report access. */
static bool
shows_enough(const struct inquiry *inquiry, const struct sdr_session *session)
{
    return !inquiry->ownerless
           && sdr_server_proof(sdr_connection_server(session->connection))
                  == SDR_PROOF_MUST_SEE;
}

/* Prove that the owner can be read. */
static enum sdr_status
prove_access(const struct inquiry *inquiry, struct sdr_session *session,
             struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    if (!shows_enough(inquiry, session))
        status = sdr_session_prove_access(session, inquiry->dn, error);
    if (!sdr_session_is_broken(session) && shows_enough(inquiry, session))
        return sdr_must_see_prove_lately(session->connection, error);
    if (status != SDR_OK || !inquiry->ownerless)
        return status;
    return sdr_session_prove_absent(session, inquiry->dn, inquiry->shows,
                                    error);
}

/* Prove a result. If the recipient was found by a weaker key, the stronger key
 * may be in a hidden attribute. */
static enum sdr_status
prove_found(const struct inquiry *inquiry, struct sdr_session *session,
            struct sdr_error *error)
{
    enum sdr_status status = prove_access(inquiry, session, error);

    if (status != SDR_OK || inquiry->facts->key == 0)
        return status;
    return sdr_visibility_prove_recent(&session->visibility,
                                       session->connection, error);
}

static enum sdr_status
prove_none(const struct inquiry *inquiry, struct sdr_session *session,
           struct sdr_error *error)
{
    enum sdr_status status;

    sdr_trace(inquiry->trace,
              "no entry; checking that this connection can see entries");
    status = sdr_session_prove_none(session, error);
    return status == SDR_OK ? SDR_NOTFOUND : status;
}

static enum sdr_status
search_and_prove(struct inquiry *inquiry, struct sdr_session *session,
                 const char *filter, struct sdr_error *error)
{
    struct sdr_search search = {.filter = filter,
                                .attributes = inquiry->directory->attributes,
                                .size_limit = ENTRIES_MAX,
                                .entry = on_entry,
                                .value = on_value,
                                .end = on_end,
                                .arg = inquiry};
    enum sdr_status status =
        sdr_connection_search(session->connection, &search, error);

    if (status != SDR_OK)
        return status;
    if (!search.complete) {
        sdr_error_set(error,
                      "search: incomplete result: more than %d entries, or a "
                      "referral to another server",
                      ENTRIES_MAX);
        return SDR_TEMPFAIL;
    }
    return inquiry->found ? prove_found(inquiry, session, error)
                          : prove_none(inquiry, session, error);
}

static enum sdr_status
ask_session(struct inquiry *inquiry, struct sdr_session *session,
            struct sdr_error *error)
{
    const struct sdr_directory_options *options = inquiry->directory->options;
    enum sdr_status status;
    char *filter;

    sdr_trace(inquiry->trace, "server %s", session->uri);
    status = sdr_server_detect(session->connection, error);
    if (status != SDR_OK)
        return status;
    filter = sdr_filter_keys(options, inquiry->keys);
    sdr_trace(
        inquiry->trace, "kind %s",
        sdr_server_name(sdr_connection_server(session->connection)->kind));
    sdr_trace(inquiry->trace, "base %s", options->search_base);
    sdr_trace(inquiry->trace, "filter %s", filter != NULL ? filter : "");
    inquiry->found = inquiry->ownerless = false;
    inquiry->groups = &session->groups;
    status = sdr_session_find_groups(session, error);
    if (status == SDR_OK)
        status = search_and_prove(inquiry, session, filter, error);
    free(filter);
    return status;
}

static enum sdr_status
ask_slot(struct inquiry *inquiry, const struct sdr_failover *failover,
         struct sdr_slot *slot, struct sdr_error *error)
{
    enum sdr_status status = sdr_failover_open(failover, slot, error);

    if (status != SDR_OK)
        return status;
    status = ask_session(inquiry, &slot->session, error);
    if (status == SDR_TEMPFAIL)
        sdr_error_prefix(error, "%s", slot->session.uri);
    return status;
}

/* Query over this slot. Try once more over a new connection if the old one is
 * dead (the server was restarted, a firewall dropped it), or if the server
 * suddenly refuses (a proxy lost the server behind it). */
static enum sdr_status
ask_server(struct inquiry *inquiry, const struct sdr_failover *failover,
           struct sdr_slot *slot, struct sdr_error *error)
{
    bool used = slot->session.connection != NULL;
    enum sdr_status status = ask_slot(inquiry, failover, slot, error);

    if (status == SDR_TEMPFAIL && used && sdr_clock() < slot->until
        && (sdr_session_is_broken(&slot->session)
            || sdr_session_is_suspect(&slot->session))) {
        sdr_trace(inquiry->trace, "%s; trying again over a new connection",
                  error->text);
        sdr_failover_reset(failover, slot);
        status = ask_slot(inquiry, failover, slot, error);
    }
    return status;
}

/* ---- one query to several servers ---- */

static enum sdr_status
ask_next(struct inquiry *inquiry, struct sdr_failover *failover,
         struct sdr_error *error)
{
    struct sdr_slot *slot = sdr_failover_take_slot(failover, error);
    enum sdr_status status = SDR_TEMPFAIL;

    if (slot != NULL) {
        status = ask_server(inquiry, failover, slot, error);
        sdr_failover_return_slot(failover, slot, status != SDR_TEMPFAIL);
    }
    if (status == SDR_TEMPFAIL)
        sdr_trace(inquiry->trace, "%s", error->text);
    return status;
}

/* Ask another healthy server, if there is one, for a better answer: a replica
 * that is being loaded, or lags, does not have all recipients. */
static enum sdr_status
ask_another(struct inquiry *inquiry, struct sdr_failover *failover,
            enum sdr_status status)
{
    struct sdr_facts *facts = inquiry->facts;
    struct sdr_facts others;
    struct sdr_error ignored = {""};

    sdr_failover_only_healthy(failover);
    inquiry->facts = &others;
    if (sdr_failover_has_next(failover)
        && ask_next(inquiry, failover, &ignored) == SDR_OK
        && (status != SDR_OK || others.key < facts->key)) {
        *facts = others;
        status = SDR_OK;
    }
    inquiry->facts = facts;
    return status;
}

static enum sdr_status
ask_all(struct inquiry *inquiry, struct sdr_error *error)
{
    struct sdr_directory *directory = inquiry->directory;
    enum sdr_status status = SDR_TEMPFAIL;
    struct sdr_failover failover;

    if (!sdr_failover_begin(
            &failover, directory->pool,
            sdr_clock() + (int64_t)directory->options->timeout * 1000)) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    error->text[0] = '\0';
    while (status == SDR_TEMPFAIL && sdr_failover_has_next(&failover))
        status = ask_next(inquiry, &failover, error);
    if (status == SDR_NOTFOUND || (status == SDR_OK && inquiry->facts->key > 0))
        status = ask_another(inquiry, &failover, status);
    sdr_failover_end(&failover);
    return status;
}

enum sdr_status
sdr_directory_lookup(struct sdr_directory *directory,
                     const struct sdr_keys *keys, const struct sdr_trace *trace,
                     struct sdr_facts *facts, struct sdr_error *error)
{
    struct inquiry inquiry = {
        .directory = directory, .keys = keys, .trace = trace, .facts = facts};

    sdr_trace(trace, "directory %s", directory->options->name);
    return ask_all(&inquiry, error);
}

void
sdr_directory_count(const struct sdr_directory *directory,
                    void (*server)(void *arg,
                                   const struct sdr_server_count *count),
                    void *arg)
{
    sdr_pool_count(directory->pool, server, arg);
}
