/* syncrepl.c - content synchronization; see syncrepl.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/syncrepl.h"

#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "ldap/filter.h"
#include "ldap/open.h"
#include "source/origin.h"
#include "decision/profile.h"

/* How long to wait for a message before other tasks. */
enum { SLICE_MS = 250 };

/* The most changes that are committed together. */
enum { TOGETHER_MAX = 500 };

/* Handle the response to a ping. It proves that all changes before the ping
 * have been reported, so it is committed with them. But not if another response
 * was awaited at the same time: libldap returns earlier messages in any order.
 */
static enum sdr_status
take_pong(struct session *session)
{
    session->ping = 0;
    if (!session->ping_proves) {
        session->ping_at = 0;
        return SDR_OK;
    }
    return session->persisting ? syncrepl_settle(session, false, STORE_CHANGES,
                                                 session->ping_time)
                               : SDR_OK;
}

/* Receive one message, waiting until UNTIL. Sets *GOT if there was one. Returns
 * true if the session ends, with *END. */
static bool
receive(struct session *session, int64_t until, bool *got,
        enum session_end *end)
{
    struct timeval wait = sdr_clock_left(until);
    LDAPMessage *message = NULL;
    bool ended = false;
    int rc, id;

    if (!sdr_ldap_deadline(session->ld,
                           sdr_clock()
                               + (int64_t)session->directory->timeout * 1000))
        rc = -1;
    else
        rc = ldap_result(session->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &wait,
                         &message);
    *got = rc > 0;
    session->quiet = rc == 0;
    if (rc < 0) {
        *end = syncrepl_fail(session, "the connection was lost");
        return true;
    }
    if (rc == 0)
        return false;
    session->heard_at = sdr_clock();
    id = ldap_msgid(message);
    if (id == session->search) {
        ended = syncrepl_take(session, message, end);
    } else if (id == session->ping && rc == LDAP_RES_SEARCH_RESULT
               && take_pong(session) != SDR_OK) {
        *end = syncrepl_fail_as_reported(session);
        ended = true;
    }
    ldap_msgfree(message);
    return ended;
}

/* Receive everything that follows a change, then commit. Earlier changes may
 * still be on their way: only a ping proves that the copy is up to date. */
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
    if (syncrepl_settle(session, false, STORE_CHANGES, 0) == SDR_OK)
        return false;
    *end = syncrepl_fail_as_reported(session);
    return true;
}

/* ---- pings ---- */

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
    session->ping_proves = true;
    return ldap_search_ext(session->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)",
                           none, 0, NULL, NULL, NULL, 0, &session->ping)
           == LDAP_SUCCESS;
}

/* Returns true if a ping is due and would prove something: OpenLDAP answers it
 * at once, but reports changes one by one. If many were queued there would be
 * no pause between the messages. */
static bool
is_due(const struct session *session, int64_t now)
{
    return session->ping == 0 && session->quiet
           && (session->ping_at == 0
               || now - session->ping_at >= ping_interval(session));
}

/* Send pings and check time limits. Returns true if the session ends, with
 * *END. */
static bool
keep_alive(struct session *session, enum session_end *end)
{
    int64_t now = sdr_clock();
    int64_t limit = (int64_t)session->directory->timeout * 1000;

    if (is_due(session, now) && !send_ping(session)) {
        *end = syncrepl_fail(session, "the connection was lost");
        return true;
    }
    if (session->ping != 0 && now - session->ping_at > limit
        && now - session->heard_at > limit) {
        *end = syncrepl_fail(session, "the server does not answer");
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

/* "rid=000,csn=2026..." or "rid=000,sid=001,csn=2026...": as OpenLDAP makes a
 * cookie, and takes it. */
static bool
is_of_openldap(const struct store_position *position)
{
    static const char rid[] = "rid=", csn[] = ",csn=2";
    const unsigned char *at = position->cookie;

    return position->cookie_len > strlen(rid)
           && memcmp(at, rid, strlen(rid)) == 0 && at[strlen(rid)] >= '0'
           && at[strlen(rid)] <= '9'
           && memmem(at, position->cookie_len, csn, strlen(csn)) != NULL;
}

/* Check that the cookie is from this server, or from a replica of it. Otherwise
 * the server reports no deletions and misses changes: then read everything. */
static enum sdr_status
check_origin(struct session *session)
{
    bool known;
    enum sdr_status status =
        origin_is_known(session->worker, session->proof->session->connection,
                        &known, session->error);

    if (status == SDR_OK && !known) {
        worker_log(session->worker, "%s: has none of the entries in the copy",
                   session->uri);
        session->whole = true;
    }
    return status;
}

/* Find the position to continue from: the server's cookie, unless everything is
 * to be read. 389 Directory Server accepts its own cookie, but does not report
 * all removals since: entries that lost their last address, deletions that its
 * changelog no longer has, each 51st of many. OpenLDAP ignores a cookie of
 * another format and reports no deletions. */
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
    session->whole = whole || !position.complete || !is_of_openldap(&position)
                     || strcmp(position.server, session->uri) != 0
                     || (reconcile != 0 && age >= (int64_t)reconcile);
    if (!session->whole && check_origin(session) != SDR_OK)
        return SDR_TEMPFAIL;
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

/* Record that data now comes from this server. If a full read is interrupted,
 * the old cookie must not be used. */
static enum sdr_status
sign(struct session *session)
{
    static const struct batch nothing;
    const struct store_mark mark = {.stage = STORE_MIDDLE,
                                    .method = "syncrepl",
                                    .server = session->uri,
                                    .cookie = session->whole ? "" : NULL};

    return store_commit(session->worker->store, session->worker->directory,
                        &nothing, &mark, NULL, session->error);
}

static bool
search(struct session *session)
{
    const struct sdr_directory_options *directory = session->directory;
    const struct sdr_list *addresses = &directory->mapping.addresses;
    LDAPControl sync = {.ldctl_oid = (char *)(uintptr_t)LDAP_CONTROL_SYNC,
                        .ldctl_iscritical = 1};
    LDAPControl *controls[] = {&sync, NULL};
    const char **names = sdr_profile_attributes(&directory->mapping, NULL);
    char *filter =
        sdr_filter_present(directory, addresses->items, addresses->count);
    bool ok = names != NULL && filter != NULL
              && syncinfo_request(!session->worker->once,
                                  session->whole ? NULL : &session->cookie,
                                  &sync.ldctl_value)
              && sdr_ldap_deadline(
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
        return syncrepl_fail_as_reported(session);
    session->search_time = time(NULL);
    if (!search(session))
        return syncrepl_fail(session, "the search cannot be sent");
    worker_log(session->worker, "%s: %s", session->uri,
               session->whole ? "reading everything"
                              : "reading changes, then all entries");
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
    *session =
        (struct session){.with = with,
                         .worker = with->worker,
                         .directory = worker_directory(with->worker),
                         .uri = with->session->uri,
                         .ld = sdr_connection_handle(with->session->connection),
                         .up_to_date = with->up_to_date,
                         .proof = with->proof,
                         .error = with->error};
    refresh_begin(&session->refresh, with->worker, NULL);
    end = converse(session, with->whole);
    refresh_clear(&session->refresh);
    free(session);
    return end;
}
