/* syncrepl_read.c - what a server says in a content synchronization
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "syncrepl.h"

#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "tell.h"

enum session_end
syncrepl_fail(struct session *session, const char *reason)
{
    sdr_error_set(session->error, "%s: %s", session->uri, reason);
    return SESSION_FAILED;
}

enum session_end
syncrepl_fail_as_told(struct session *session)
{
    sdr_error_prefix(session->error, "%s", session->uri);
    return session->ignored ? SESSION_RELOAD : SESSION_FAILED;
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

enum sdr_status
syncrepl_settle(struct session *session, bool swept, enum store_stage stage,
                time_t contact)
{
    struct syncinfo_cookie *cookie = &session->cookie;
    struct store_mark mark = {.stage = stage,
                              .method = "syncrepl",
                              .server = session->uri,
                              .contact = contact};

    /* What was read from the beginning has nothing to do with a cookie of
     * before. */
    if (cookie->given || stage == STORE_FULL) {
        mark.cookie = cookie->octets;
        mark.cookie_len = cookie->given ? cookie->len : 0;
    }
    cookie->given = false;
    session->ping_proves = false;
    return refresh_end(&session->refresh, swept, &mark, session->error);
}

/* "rid=000,csn=2026..." or "rid=000,sid=001,csn=2026..." */
bool
syncrepl_has_csn(const struct syncinfo_cookie *cookie)
{
    static const char rid[] = "rid=", csn[] = ",csn=2";
    const unsigned char *at = cookie->octets;

    return cookie->len > strlen(rid) && memcmp(at, rid, strlen(rid)) == 0
           && at[strlen(rid)] >= '0' && at[strlen(rid)] <= '9'
           && memmem(at, cookie->len, csn, strlen(csn)) != NULL;
}

/* OpenLDAP takes a cookie of another kind for none: it tells all that is there,
 * as if that were what has changed, and nothing of what is gone. It shows by
 * the cookie that it gives then, which may be empty. */
static bool
was_ignored(const struct session *session)
{
    const struct syncinfo_cookie *cookie = &session->cookie;

    return !session->whole && !session->present && !session->with_csn
           && cookie->given && (cookie->len == 0 || syncrepl_has_csn(cookie));
}

/* The refresh is over: what was not named is gone, if all that is there was to
 * be named. */
static enum sdr_status
end_refresh(struct session *session)
{
    enum sdr_status status;

    session->ignored = was_ignored(session);
    if (session->ignored) {
        sdr_error_set(session->error, "it does not know its cookie");
        return SDR_TEMPFAIL;
    }
    /* Not while all of it comes: what comes before the answer has to be kept.
     */
    session->refresh.proof = session->proof;
    status = syncrepl_settle(session, session->whole || session->present,
                             session->whole ? STORE_FULL : STORE_CHANGES,
                             session->search_time);
    if (status != SDR_OK)
        return status;
    session->ping = 0; /* it was asked before those changes could be told */
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
    syncrepl_fail_as_told(session);
    if (!session->whole && is_about_cookie(code))
        return SESSION_RELOAD;
    if (code != LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
        return SESSION_FAILED;
    syncrepl_fail(session,
                  "the server has no content synchronization (RFC 4533) for "
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
        return syncrepl_fail(session, "no word of how the refresh has ended");
    session->present = !deletes;
    if (end_refresh(session) != SDR_OK)
        return syncrepl_fail_as_told(session);
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
        end = syncrepl_fail(session, "the server has ended the search");
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
    *end = syncrepl_fail_as_told(session);
    return true;
}
