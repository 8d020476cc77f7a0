/* syncrepl_read.c - messages of a server in a content synchronization
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/syncrepl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "replica/entry.h"
#include "source/paged.h"
#include "ldap/error.h"

/* "20261130033900.628937Z#000000#001#000000" */
enum { CSN_LEN = 40 };

enum session_end
syncrepl_fail(struct session *session, const char *reason)
{
    sdr_error_set(session->error, "%s: %s", session->uri, reason);
    return SESSION_FAILED;
}

enum session_end
syncrepl_fail_as_reported(struct session *session)
{
    sdr_error_prefix(session->error, "%s", session->uri);
    return session->unproven ? SESSION_RELOAD : SESSION_FAILED;
}

/* ---- entries ---- */

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
        session->named = true;
        return refresh_present(&session->refresh, id, session->error);
    case SYNCINFO_DELETE:
        return refresh_deleted(&session->refresh, id, session->error);
    case SYNCINFO_ADD:
    case SYNCINFO_MODIFY:
        return paged_entry(session->with, message, id, &session->refresh);
    }
    return SDR_TEMPFAIL;
}

/* ---- stages ---- */

enum sdr_status
syncrepl_settle(struct session *session, bool swept, enum store_stage stage,
                time_t contact)
{
    struct syncinfo_cookie *cookie = &session->cookie;
    struct store_mark mark = {.stage = stage,
                              .method = "syncrepl",
                              .server = session->uri,
                              .contact = contact};

    /* After a full read, an old cookie is not valid. */
    if (cookie->given || stage == STORE_FULL) {
        mark.cookie = cookie->octets;
        mark.cookie_len = cookie->given ? cookie->len : 0;
    }
    cookie->given = false;
    session->ping_proves = false;
    return refresh_end(&session->refresh, swept, &mark, session->error);
}

/* Returns true if it is proven which entries are gone: those that were not
 * reported, if all remaining entries had to be reported. If the server then
 * reports none, that proves nothing: 389 Directory Server ends like that when
 * nothing is gone. */
static bool
is_proven(const struct session *session)
{
    return session->whole || !session->present || session->named;
}

/* Find the oldest CSN of an OpenLDAP cookie, which has one for each server that
 * writes, "rid=000,csn=CSN;CSN". Returns false if there is none. */
static bool
find_csn(const struct syncinfo_cookie *cookie, char csn[CSN_LEN + 1])
{
    static const char name[] = ",csn=2", octets[] = "0123456789abcdefZ.#";
    const char *at = memmem(cookie->octets, cookie->len, name, strlen(name));
    const char *end = (const char *)cookie->octets + cookie->len;
    bool more = true;

    if (at == NULL)
        return false;
    csn[0] = '\0';
    for (at += strlen(name) - 1; more && end - at >= CSN_LEN;
         at += CSN_LEN + 1) {
        if (csn[0] == '\0' || memcmp(at, csn, CSN_LEN) < 0)
            memcpy(csn, at, CSN_LEN);
        more = end - at > CSN_LEN && at[CSN_LEN] == ';';
    }
    csn[CSN_LEN] = '\0';
    return strspn(csn, octets) == CSN_LEN;
}

/* Read what OpenLDAP may not have reported. After a crash it continues from the
 * contextCSN of its last checkpoint, with an empty session log. For a cookie it
 * then does not report entries that were deleted since or have lost their last
 * address, and perhaps no changes at all; a full read misses changes. This
 * cannot be detected, so everything is searched for as well; after a full read,
 * what is newer than the cookie. Sets *SEEN_ALL if entries that were not
 * reported are gone; not after an incremental read from a server with another
 * kind of cookie. */
static enum sdr_status
read_unreported(struct session *session, bool *seen_all)
{
    char csn[CSN_LEN + 1], newer[sizeof "(!(entryCSN<=))" + CSN_LEN] = "";

    *seen_all = session->whole || session->present;
    if (!find_csn(&session->cookie, csn))
        return SDR_OK;
    *seen_all = true;
    if (session->whole)
        snprintf(newer, sizeof newer, "(!(entryCSN<=%s))", csn);
    /* This also detects a silent server early. */
    if (proof_again(session->proof, session->error) != SDR_OK)
        return SDR_TEMPFAIL;
    return paged_entries(session->with, newer, &session->refresh);
}

/* End the refresh phase. */
static enum sdr_status
end_refresh(struct session *session)
{
    enum sdr_status status;
    bool seen_all;

    session->unproven = !is_proven(session);
    if (session->unproven) {
        sdr_error_set(session->error,
                      "the server does not report which entries remain");
        return SDR_TEMPFAIL;
    }
    if (read_unreported(session, &seen_all) != SDR_OK)
        return SDR_TEMPFAIL;
    /* Not during the refresh: libldap would have to store what arrives before
     * the response. */
    session->refresh.proof = session->proof;
    status = syncrepl_settle(session, seen_all,
                             session->whole ? STORE_FULL : STORE_CHANGES,
                             session->search_time);
    if (status != SDR_OK)
        return status;
    session->ping = 0; /* sent before those changes could be reported */
    session->ping_at = 0;
    session->persisting = true;
    session_is_up_to_date(session->worker, session->up_to_date);
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

        session->named |= info->kind == SYNCINFO_IDS_PRESENT;
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

/* Returns true if the server may have rejected the cookie rather than us. */
static bool
is_about_cookie(int code)
{
    return code == LDAP_SYNC_REFRESH_REQUIRED
           || code == LDAP_UNWILLING_TO_PERFORM || code == LDAP_PROTOCOL_ERROR
           || code == LDAP_OTHER;
}

/* Returns true if the server may catch up: the copy is newer than the server. A
 * replica that lags gets some time, since new entries are not gone. A server
 * restored from a backup stays behind. */
static bool
may_catch_up(const struct session *session, int code)
{
    struct worker *worker = session->worker;
    int64_t patience = (int64_t)worker->config->replica.unknown_max_age * 1000;

    if (code != LDAP_UNWILLING_TO_PERFORM || worker->once)
        return false;
    if (worker->ahead_since == 0)
        worker->ahead_since = sdr_clock();
    return sdr_clock() - worker->ahead_since < patience;
}

static enum session_end
end_with_error(struct session *session, int code)
{
    sdr_ldap_error(session->ld, "content synchronization", code,
                   session->error);
    syncrepl_fail_as_reported(session);
    if (!session->whole && is_about_cookie(code))
        return may_catch_up(session, code) ? SESSION_FAILED : SESSION_RELOAD;
    if (code != LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
        return SESSION_FAILED;
    syncrepl_fail(
        session,
        "the server does not offer content synchronization (RFC 4533) for this "
        "search base; OpenLDAP does with the overlay syncprov");
    return SESSION_UNABLE;
}

/* End a refresh-only search. */
static enum session_end
end_once(struct session *session, LDAPControl **controls)
{
    const LDAPControl *done =
        ldap_control_find(LDAP_CONTROL_SYNC_DONE, controls, NULL);
    bool deletes = false;

    if (done == NULL
        || !syncinfo_done(&done->ldctl_value, &deletes, &session->cookie))
        return syncrepl_fail(
            session, "the result does not report how the refresh ended");
    session->present = !deletes;
    if (end_refresh(session) != SDR_OK)
        return syncrepl_fail_as_reported(session);
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
        end = syncrepl_fail(session, "the server ended the search");
    ldap_controls_free(controls);
    return end;
}

/* ---- messages ---- */

bool
syncrepl_take(struct session *session, LDAPMessage *message,
              enum session_end *end)
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
        sdr_error_set(session->error,
                      "incomplete result: the server refers to other servers");
        status = SDR_TEMPFAIL;
        break;
    case LDAP_RES_SEARCH_RESULT:
        *end = take_result(session, message);
        return true;
    }
    if (status == SDR_OK)
        return false;
    *end = syncrepl_fail_as_reported(session);
    return true;
}
