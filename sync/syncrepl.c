/* syncrepl.c - content synchronization; see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ldap.h>

#include "clock.h"
#include "connection.h"
#include "entry.h"
#include "filter.h"
#include "handle.h"
#include "refresh.h"
#include "syncinfo.h"
#include "tell.h"

/* How long to wait for a message before other things are looked after. */
enum { SLICE_MS = 250 };

/* So many changes that come together are committed together. */
enum { TOGETHER_MAX = 500 };

struct session {
    struct worker *worker;
    const struct sdr_directory_options *directory;
    const char *uri;
    LDAP *ld;
    bool whole;      /* no cookie was sent: all comes */
    bool present;    /* entries that are there were named: others are not */
    bool persisting; /* the refresh is over */
    bool *worked;
    struct syncinfo_cookie cookie; /* the last one that was given */
    struct refresh refresh;
    int search;       /* message id */
    int ping;         /* message id; 0: none is out */
    time_t ping_time; /* when it was sent */
    int64_t ping_at;
    int64_t heard_at; /* when the server said something */
    int64_t full_at;  /* when all is to be read again; 0: never */
    struct sdr_error *error;
};

static enum session_end
fail(struct session *session, const char *reason)
{
    sdr_error_set(session->error, "%s: %s", session->uri, reason);
    return SESSION_FAILED;
}

/* The error is there, but for who said it. */
static enum session_end
fail_as_told(struct session *session)
{
    sdr_error_prefix(session->error, "%s", session->uri);
    return SESSION_FAILED;
}

/* ---- entries ---- */

static void
take_values(struct entry *entry, const struct berval *name, BerVarray values)
{
    char attribute[128];

    if (name->bv_len >= sizeof attribute)
        return;
    memcpy(attribute, name->bv_val, name->bv_len);
    attribute[name->bv_len] = '\0';
    for (size_t i = 0; values != NULL && values[i].bv_val != NULL; i++)
        entry_value(entry, attribute, values[i].bv_val, values[i].bv_len);
}

static bool
read_attributes(struct session *session, LDAPMessage *message, BerElement *ber,
                struct entry *entry)
{
    struct berval name = {0, NULL};
    BerVarray values = NULL;
    int rc;

    while (
        (rc = ldap_get_attribute_ber(session->ld, message, ber, &name, &values))
            == LDAP_SUCCESS
        && name.bv_val != NULL) {
        take_values(entry, &name, values);
        ber_memfree(values);
        values = NULL;
    }
    return rc == LDAP_SUCCESS && entry_end(entry);
}

static enum sdr_status
take_content(struct session *session, LDAPMessage *message,
             const unsigned char *id)
{
    struct worker *worker = session->worker;
    struct berval dn = {0, NULL};
    BerElement *ber = NULL;
    enum sdr_status status = SDR_TEMPFAIL;
    struct entry entry;
    char *name;

    if (ldap_get_dn_ber(session->ld, message, &ber, &dn) != LDAP_SUCCESS
        || (name = strndup(dn.bv_val, dn.bv_len)) == NULL) {
        ber_free(ber, 0);
        sdr_error_set(session->error, "an entry that cannot be read");
        return SDR_TEMPFAIL;
    }
    entry_begin(&entry, worker->config, worker->directory, id, name);
    if (read_attributes(session, message, ber, &entry))
        status = refresh_entry(&session->refresh, &entry, session->error);
    else
        sdr_error_set(session->error, "%s: cannot be read", name);
    entry_clear(&entry);
    ber_free(ber, 0);
    free(name);
    return status;
}

static bool
read_state(struct session *session, LDAPMessage *message,
           enum syncinfo_change *change, unsigned char *id)
{
    LDAPControl **controls = NULL;
    const LDAPControl *state;
    bool ok;

    if (ldap_get_entry_controls(session->ld, message, &controls)
        != LDAP_SUCCESS)
        return false;
    state = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
    ok = state != NULL
         && syncinfo_state(&state->ldctl_value, change, id, &session->cookie);
    ldap_controls_free(controls);
    return ok;
}

static enum sdr_status
take_entry(struct session *session, LDAPMessage *message)
{
    unsigned char id[SDR_RECORD_ID_SIZE];
    enum syncinfo_change change;

    if (!read_state(session, message, &change, id)) {
        sdr_error_set(session->error, "an entry without its sync state");
        return SDR_TEMPFAIL;
    }
    switch (change) {
    case SYNCINFO_PRESENT:
        return refresh_present(&session->refresh, id, session->error);
    case SYNCINFO_DELETE:
        return refresh_deleted(&session->refresh, id, session->error);
    case SYNCINFO_ADD:
    case SYNCINFO_MODIFY:
        return take_content(session, message, id);
    }
    return SDR_TEMPFAIL;
}

/* ---- stages ---- */

/* All that was said so far holds: commit it, with the cookie if one was
 * given. */
static enum sdr_status
settle(struct session *session, bool swept, enum store_stage stage)
{
    struct syncinfo_cookie *cookie = &session->cookie;
    struct store_mark mark = {.stage = stage,
                              .method = "syncrepl",
                              .server = session->uri,
                              .contact = time(NULL)};

    /* What was read from the beginning has nothing to do with a cookie of
     * before. */
    if (cookie->given || stage == STORE_FULL) {
        mark.cookie = cookie->octets;
        mark.cookie_len = cookie->given ? cookie->len : 0;
    }
    cookie->given = false;
    return refresh_end(&session->refresh, swept, &mark, session->error);
}

/* The refresh is over: what was not named is gone, if all that is there was to
 * be named. */
static enum sdr_status
end_refresh(struct session *session)
{
    enum sdr_status status =
        settle(session, session->whole || session->present,
               session->whole ? STORE_FULL : STORE_CHANGES);

    if (status != SDR_OK)
        return status;
    session->persisting = true;
    *session->worked = true;
    session->worker->status = SDR_OK;
    worker_well(session->worker);
    return SDR_OK;
}

static enum sdr_status
take_ids(struct session *session, const struct syncinfo *info)
{
    enum sdr_status status = SDR_OK;

    for (size_t i = 0;
         status == SDR_OK && info->ids != NULL && info->ids[i].bv_val != NULL;
         i++) {
        const unsigned char *id = (const unsigned char *)info->ids[i].bv_val;

        if (info->kind == SYNCINFO_IDS_DELETED)
            status = refresh_deleted(&session->refresh, id, session->error);
        else
            status = refresh_present(&session->refresh, id, session->error);
    }
    return status;
}

static enum sdr_status
act(struct session *session, const struct syncinfo *info)
{
    switch (info->kind) {
    case SYNCINFO_NEW_COOKIE:
        return SDR_OK;
    case SYNCINFO_REFRESH_PRESENT:
        session->present = true;
        break;
    case SYNCINFO_REFRESH_DELETE:
        break;
    case SYNCINFO_IDS_PRESENT:
    case SYNCINFO_IDS_DELETED:
        return take_ids(session, info);
    }
    return info->done && !session->persisting ? end_refresh(session) : SDR_OK;
}

static enum sdr_status
take_info(struct session *session, LDAPMessage *message)
{
    struct berval *value = NULL;
    struct syncinfo info;
    enum sdr_status status = SDR_OK;
    char *oid = NULL;

    if (ldap_parse_intermediate(session->ld, message, &oid, &value, NULL, 0)
        != LDAP_SUCCESS) {
        sdr_error_set(session->error, "a message that cannot be read");
        return SDR_TEMPFAIL;
    }
    if (oid != NULL && strcmp(oid, LDAP_SYNC_INFO) == 0) {
        if (value != NULL && syncinfo_read(value, &info, &session->cookie)) {
            status = act(session, &info);
            syncinfo_clear(&info);
        } else {
            sdr_error_set(session->error, "sync info that cannot be read");
            status = SDR_TEMPFAIL;
        }
    }
    ldap_memfree(oid);
    ber_bvfree(value);
    return status;
}

/* ---- the end of the search ---- */

/* True if the server may have refused the cookie rather than us. */
static bool
is_about_cookie(int code)
{
    return code == LDAP_SYNC_REFRESH_REQUIRED
           || code == LDAP_UNWILLING_TO_PERFORM || code == LDAP_PROTOCOL_ERROR
           || code == LDAP_OTHER;
}

static enum session_end
end_with_error(struct session *session, int code)
{
    sdr_tell(session->ld, "content synchronization", code, session->error);
    fail_as_told(session);
    if (!session->whole && is_about_cookie(code))
        return SESSION_RELOAD;
    if (code != LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
        return SESSION_FAILED;
    fail(session, "the server has no content synchronization (RFC 4533) for "
                  "this search base; OpenLDAP does it with the overlay "
                  "syncprov");
    return SESSION_UNABLE;
}

/* A refresh that was asked for once ends like this. */
static enum session_end
end_once(struct session *session, LDAPControl **controls)
{
    const LDAPControl *done =
        ldap_control_find(LDAP_CONTROL_SYNC_DONE, controls, NULL);
    bool deletes = false;

    if (done == NULL
        || !syncinfo_done(&done->ldctl_value, &deletes, &session->cookie))
        return fail(session, "no word of how the refresh has ended");
    session->present = !deletes;
    if (end_refresh(session) != SDR_OK)
        return fail_as_told(session);
    return SESSION_STOPPED;
}

static enum session_end
take_result(struct session *session, LDAPMessage *message)
{
    LDAPControl **controls = NULL;
    enum session_end end;
    int code = LDAP_OTHER;

    if (ldap_parse_result(session->ld, message, &code, NULL, NULL, NULL,
                          &controls, 0)
        != LDAP_SUCCESS)
        code = LDAP_DECODING_ERROR;
    if (code != LDAP_SUCCESS)
        end = end_with_error(session, code);
    else if (session->worker->once)
        end = end_once(session, controls);
    else
        end = fail(session, "the server has ended the search");
    ldap_controls_free(controls);
    return end;
}

/* ---- messages ---- */

/* True if the session ends, by *end. */
static bool
take(struct session *session, LDAPMessage *message, enum session_end *end)
{
    enum sdr_status status = SDR_OK;

    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        status = take_entry(session, message);
        break;
    case LDAP_RES_INTERMEDIATE:
        status = take_info(session, message);
        break;
    case LDAP_RES_SEARCH_REFERENCE:
        sdr_error_set(session->error, "it refers to other servers: part of the "
                                      "tree is not here");
        status = SDR_TEMPFAIL;
        break;
    case LDAP_RES_SEARCH_RESULT:
        *end = take_result(session, message);
        return true;
    }
    if (status == SDR_OK)
        return false;
    *end = fail_as_told(session);
    return true;
}

/* An answer, whatever it says, proves that all that happened before the
 * question has been told. */
static enum sdr_status
take_pong(struct session *session)
{
    static const struct batch nothing;
    struct store_mark mark = {.stage = STORE_CHANGES,
                              .contact = session->ping_time};
    struct store_outcome outcome;
    enum sdr_status status;

    session->ping = 0;
    if (!session->persisting)
        return SDR_OK;
    status = store_commit(session->worker->store, session->worker->directory,
                          &nothing, &mark, &outcome, session->error);
    if (status == SDR_OK)
        worker_outcome(session->worker, &outcome);
    return status;
}

/* One message, waiting for it until the moment UNTIL; false in *got if none
 * came. True if the session ends, by *end. */
static bool
receive(struct session *session, int64_t until, bool *got,
        enum session_end *end)
{
    struct timeval wait = sdr_clock_left(until);
    LDAPMessage *message = NULL;
    bool ended = false;
    int rc, id;

    if (!sdr_handle_deadline(session->ld,
                             sdr_clock()
                                 + (int64_t)session->directory->timeout * 1000))
        rc = -1;
    else
        rc = ldap_result(session->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &wait,
                         &message);
    *got = rc > 0;
    if (rc < 0) {
        *end = fail(session, "the connection is lost");
        return true;
    }
    if (rc == 0)
        return false;
    session->heard_at = sdr_clock();
    id = ldap_msgid(message);
    if (id == session->search) {
        ended = take(session, message, end);
    } else if (id == session->ping && rc == LDAP_RES_SEARCH_RESULT
               && take_pong(session) != SDR_OK) {
        *end = fail_as_told(session);
        ended = true;
    }
    ldap_msgfree(message);
    return ended;
}

/* After a change: all that comes with it, then one commit. */
static bool
receive_more(struct session *session, enum session_end *end)
{
    bool got = true;

    for (unsigned i = 0; got && i < TOGETHER_MAX; i++) {
        if (receive(session, sdr_clock(), &got, end))
            return true;
    }
    if (session->refresh.batch.count == 0 && !session->cookie.given)
        return false;
    if (settle(session, false, STORE_CHANGES) == SDR_OK)
        return false;
    *end = fail_as_told(session);
    return true;
}

/* ---- is anybody there? ---- */

static int64_t
ping_interval(const struct session *session)
{
    int64_t interval =
        (int64_t)session->worker->config->replica.unknown_max_age * 1000 / 3;

    return interval < 1000 ? 1000 : interval > 10000 ? 10000 : interval;
}

static bool
send_ping(struct session *session)
{
    char *none[] = {(char *)(uintptr_t)LDAP_NO_ATTRS, NULL};

    session->ping_at = sdr_clock();
    session->ping_time = time(NULL);
    return ldap_search_ext(session->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)",
                           none, 0, NULL, NULL, NULL, 0, &session->ping)
           == LDAP_SUCCESS;
}

/* True if the session ends. */
static bool
keep_alive(struct session *session, enum session_end *end)
{
    int64_t now = sdr_clock();
    int64_t limit = (int64_t)session->directory->timeout * 1000;

    if (session->ping == 0 && now - session->ping_at >= ping_interval(session)
        && !send_ping(session)) {
        *end = fail(session, "the connection is lost");
        return true;
    }
    if (session->ping != 0 && now - session->ping_at > limit
        && now - session->heard_at > limit) {
        *end = fail(session, "the server is silent");
        return true;
    }
    if (session->persisting && session->full_at != 0
        && now >= session->full_at) {
        *end = SESSION_DUE;
        return true;
    }
    return false;
}

static enum session_end
listen(struct session *session)
{
    enum session_end end;
    bool got;

    session->heard_at = session->ping_at = sdr_clock();
    while (!worker_stopping(session->worker)) {
        if (receive(session, sdr_clock() + SLICE_MS, &got, &end)
            || (got && session->persisting && receive_more(session, &end))
            || keep_alive(session, &end))
            return end;
    }
    return SESSION_STOPPED;
}

/* ---- beginning ---- */

/* What the copy stands on: the server's cookie, unless all is to be read. */
static enum sdr_status
find_position(struct session *session, bool whole)
{
    struct worker *worker = session->worker;
    unsigned reconcile = worker->config->replica.reconcile;
    struct store_position position;
    int64_t age;

    if (store_position(worker->store, worker->directory, &position,
                       session->error)
        != SDR_OK)
        return SDR_TEMPFAIL;
    age = (int64_t)time(NULL) - position.refreshed;
    session->whole = whole || !position.complete || position.cookie_len == 0
                     || strcmp(position.server, session->uri) != 0
                     || (reconcile != 0 && age >= (int64_t)reconcile);
    if (reconcile != 0)
        session->full_at = sdr_clock()
                           + 1000
                                 * (session->whole ? (int64_t)reconcile
                                                   : (int64_t)reconcile - age);
    if (!session->whole) {
        memcpy(session->cookie.octets, position.cookie, position.cookie_len);
        session->cookie.len = position.cookie_len;
    }
    return SDR_OK;
}

/* From here on what is stored comes from this server. */
static enum sdr_status
sign(struct session *session)
{
    static const struct batch nothing;
    const struct store_mark mark = {
        .stage = STORE_MIDDLE, .method = "syncrepl", .server = session->uri};

    return store_commit(session->worker->store, session->worker->directory,
                        &nothing, &mark, NULL, session->error);
}

/* The addresses, and what says whose they are; ended by NULL. */
static const char **
wanted(const struct sdr_mapping *mapping)
{
    const char *others[] = {mapping->owner, mapping->routing, mapping->hold};
    unsigned count = mapping->addresses.count;
    const char **names = calloc(count + 4, sizeof *names);

    if (names == NULL)
        return NULL;
    memcpy(names, mapping->addresses.items, count * sizeof *names);
    for (unsigned i = 0; i < 3; i++) {
        if (others[i] != NULL)
            names[count++] = others[i];
    }
    return names;
}

static bool
search(struct session *session)
{
    const struct sdr_directory_options *directory = session->directory;
    const struct sdr_list *addresses = &directory->mapping.addresses;
    LDAPControl sync = {.ldctl_oid = (char *)(uintptr_t)LDAP_CONTROL_SYNC,
                        .ldctl_iscritical = 1};
    LDAPControl *controls[] = {&sync, NULL};
    const char **names = wanted(&directory->mapping);
    char *filter =
        sdr_filter_present(directory, addresses->items, addresses->count);
    bool ok = names != NULL && filter != NULL
              && syncinfo_request(!session->worker->once,
                                  session->whole ? NULL : &session->cookie,
                                  &sync.ldctl_value)
              && sdr_handle_deadline(
                  session->ld, sdr_clock() + (int64_t)directory->timeout * 1000)
              && ldap_search_ext(session->ld, directory->search_base,
                                 LDAP_SCOPE_SUBTREE, filter,
                                 (char **)(uintptr_t)names, 0, controls, NULL,
                                 NULL, LDAP_NO_LIMIT, &session->search)
                     == LDAP_SUCCESS;

    free(names);
    free(filter);
    ber_memfree(sync.ldctl_value.bv_val);
    return ok;
}

static enum session_end
converse(struct session *session, bool whole)
{
    if (find_position(session, whole) != SDR_OK || sign(session) != SDR_OK)
        return fail_as_told(session);
    if (!search(session))
        return fail(session, "the search cannot be sent");
    worker_tell(session->worker, "%s: %s", session->uri,
                session->whole ? "reading all of it" : "reading what is new");
    return listen(session);
}

enum session_end
syncrepl_session(const struct session_with *with)
{
    struct session *session = calloc(1, sizeof *session);
    enum session_end end;

    if (session == NULL) {
        sdr_error_set(with->error, "no memory");
        return SESSION_FAILED;
    }
    *session = (struct session){.worker = with->worker,
                                .directory = worker_directory(with->worker),
                                .uri = with->uri,
                                .ld = sdr_connection_handle(with->connection),
                                .worked = with->worked,
                                .error = with->error};
    refresh_begin(&session->refresh, with->worker);
    end = converse(session, with->whole);
    refresh_clear(&session->refresh);
    free(session);
    return end;
}
