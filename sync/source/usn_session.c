/* usn_session.c - the method for Active Directory; see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "source/paged.h"
#include "source/refresh.h"
#include "source/session.h"
#include "source/usn.h"

/* Seconds between two polls, unless sync-interval says otherwise. */
enum { POLL_S = 5 };

/* Seconds between two full reads if deletions are not visible. */
enum { BLIND_S = 300 };

struct poll {
    const struct session_with *with;
    struct usn_server server;
    struct store_position stored;
    time_t asked; /* when the position was queried */
    bool whole;   /* a full read was requested */
    bool blind;   /* deletions are not visible, and that was logged */
};

/* ---- incremental or full ---- */

/* Returns NULL if reading changes is enough, otherwise the reason for a full
 * read. */
static const char *
find_reason(const struct poll *poll)
{
    const struct session_with *with = poll->with;
    const struct usn_position *now = &poll->server.now;
    const struct store_position *stored = &poll->stored;
    unsigned reconcile = with->worker->config->replica.reconcile;
    int64_t age = (int64_t)poll->asked - stored->refreshed;
    struct usn_position then;

    if (poll->whole || !stored->complete
        || !usn_parse(&then, stored->cookie, stored->cookie_len))
        return "there is no usable copy yet";
    if (strcmp(stored->server, with->session->uri) != 0)
        return "another server";
    if (strcmp(then.invocation, now->invocation) != 0
        || now->highest < then.highest)
        return "the server was restored";
    if (strcmp(then.groups, now->groups) != 0)
        return "other groups count";
    if (reconcile != 0 && age >= (int64_t)reconcile)
        return "the last full read is too old";
    if (!poll->server.sees_deletions && age >= BLIND_S)
        return "deletions are not visible";
    return NULL;
}

static enum sdr_status
commit(struct poll *poll, struct refresh *refresh, bool swept,
       enum store_stage stage)
{
    char cookie[USN_TEXT_MAX];
    struct store_mark mark = {.stage = stage,
                              .method = "usn",
                              .server = poll->with->session->uri,
                              .cookie = cookie,
                              .contact = poll->asked};

    usn_format(&poll->server.now, cookie);
    mark.cookie_len = strlen(cookie);
    return refresh_end(refresh, swept, &mark, poll->with->error);
}

/* ---- reading ---- */

static enum sdr_status
read_all(struct poll *poll, const char *reason)
{
    const struct session_with *with = poll->with;
    struct refresh refresh;
    enum sdr_status status;

    worker_log(with->worker, "%s: reading everything: %s", with->session->uri,
               reason);
    refresh_begin(&refresh, with->worker, with->proof);
    status = paged_entries(with, "", &refresh);
    if (status == SDR_OK)
        status = commit(poll, &refresh, true, STORE_FULL);
    refresh_clear(&refresh);
    return status;
}

/* Returns true if a group that names an owner has changed. */
static bool
touches_groups(const struct poll *poll, const struct entry_set *changed)
{
    for (size_t i = 0; i < poll->server.groups.count; i++) {
        if (entry_set_has(changed, poll->server.groups.ids[i]))
            return true;
    }
    return false;
}

/* Delete changed entries that do not match: they are gone, or never matched. */
static enum sdr_status
drop_others(const struct poll *poll, struct refresh *refresh,
            const struct entry_set *changed)
{
    enum sdr_status status = SDR_OK;

    entry_set_sort(&refresh->seen);
    for (size_t i = 0; status == SDR_OK && i < changed->count; i++) {
        if (!entry_set_has(&refresh->seen, changed->ids[i]))
            status =
                refresh_deleted(refresh, changed->ids[i], poll->with->error);
    }
    return status;
}

/* Read the ids of changed entries first, then the entries: an entry that
 * changes in between is read twice, and none is missed. Sets *REASON if more
 * may have changed than is reported: moving a container does not change the
 * entries in it. */
static enum sdr_status
take_changes(struct poll *poll, struct refresh *refresh, const char *filter,
             struct entry_set *changed, const char **reason)
{
    bool folders;
    enum sdr_status status =
        paged_ids(poll->with, poll->server.domain, filter, changed, &folders);

    if (status != SDR_OK)
        return status;
    entry_set_sort(changed);
    if (touches_groups(poll, changed))
        *reason = "a group has changed";
    else if (folders)
        *reason = "a container has changed";
    if (*reason != NULL)
        return SDR_OK;
    if (changed->count > 0)
        status = paged_entries(poll->with, filter, refresh);
    if (status == SDR_OK)
        status = drop_others(poll, refresh, changed);
    return status == SDR_OK ? commit(poll, refresh, false, STORE_CHANGES)
                            : status;
}

static enum sdr_status
read_changes(struct poll *poll)
{
    struct usn_position then;
    struct refresh refresh;
    struct entry_set changed = {0};
    enum sdr_status status;
    const char *reason = NULL;
    char filter[64];

    if (!usn_parse(&then, poll->stored.cookie, poll->stored.cookie_len))
        return SDR_TEMPFAIL;
    snprintf(filter, sizeof filter, "(uSNChanged>=%" PRIu64 ")",
             then.highest + 1);
    refresh_begin(&refresh, poll->with->worker, poll->with->proof);
    status = take_changes(poll, &refresh, filter, &changed, &reason);
    refresh_clear(&refresh);
    entry_set_clear(&changed);
    return status == SDR_OK && reason != NULL ? read_all(poll, reason) : status;
}

/* ---- polling ---- */

static void
log_if_blind(struct poll *poll)
{
    if (!poll->server.sees_deletions && !poll->blind)
        worker_warn(poll->with->worker,
                    "%s: no deleted entries are visible: nothing was ever "
                    "deleted, or the account may not list and read CN=Deleted "
                    "Objects; until then removals are noticed within %d s",
                    poll->with->session->uri, BLIND_S);
    poll->blind = !poll->server.sees_deletions;
}

static enum sdr_status
ask_once(struct poll *poll)
{
    const struct session_with *with = poll->with;
    const char *reason;
    enum sdr_status status;

    poll->asked = time(NULL);
    status = store_position(with->worker->store, with->worker->directory,
                            &poll->stored, with->error);
    if (status == SDR_OK)
        status = usn_ask(with, &poll->server);
    if (status == SDR_OK) {
        log_if_blind(poll);
        reason = find_reason(poll);
        status = reason != NULL ? read_all(poll, reason) : read_changes(poll);
    }
    usn_server_clear(&poll->server);
    poll->whole = false;
    return status;
}

enum session_end
usn_session(const struct session_with *with)
{
    unsigned interval = worker_directory(with->worker)->sync_interval;
    struct poll poll = {.with = with, .whole = with->whole};

    do {
        if (ask_once(&poll) != SDR_OK) {
            sdr_error_prefix(with->error, "%s", with->session->uri);
            return SESSION_FAILED;
        }
        session_is_up_to_date(with->worker, with->up_to_date);
        if (!with->worker->once)
            worker_sleep(with->worker,
                         1000 * (interval != 0 ? interval : POLL_S));
    } while (!with->worker->once && !worker_stopping(with->worker));
    return SESSION_STOPPED;
}
