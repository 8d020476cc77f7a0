/* live.c - see live.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "live.h"

#include <stdlib.h>

#include "decision/profile.h"
#include "ldap/pages.h"

/* ---- the session ---- */

static void
fall_silent(struct live *live, const struct sdr_error *reason)
{
    live_close(live);
    live->silent = true;
    live->reason = *reason;
}

static enum sdr_status
open_any(struct live *live, struct sdr_error *error)
{
    live->pool = sdr_pool_new(live->directory);
    if (live->pool != NULL)
        return sdr_failover_connect(live->pool, false, &live->session, error);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

/* Connect unless connected, and renew the deadline. Takes at most the timeout
 * of the directory. */
static enum sdr_status
be_ready(struct live *live, struct sdr_error *error)
{
    if (live->session != NULL) {
        sdr_connection_renew_deadline(live->session->connection);
        return SDR_OK;
    }
    if (!live->silent) {
        if (live->directory->ldif_path != NULL)
            sdr_error_set(error, "it is a file, which nobody can ask");
        else if (open_any(live, error) == SDR_OK)
            return SDR_OK;
        fall_silent(live, error);
    }
    *error = live->reason;
    return SDR_TEMPFAIL;
}

/* Returns STATUS. After an error, a broken connection is closed and not used
 * again. */
static enum sdr_status
note(struct live *live, enum sdr_status status, const struct sdr_error *error)
{
    if (status != SDR_OK && sdr_session_is_broken(live->session))
        fall_silent(live, error);
    return status;
}

void
live_close(struct live *live)
{
    sdr_pool_free(&live->pool);
    live->session = NULL;
}

/* ---- searches ---- */

enum sdr_status
live_search(struct live *live, char *filter, const char *const *more,
            struct sdr_search *search, unsigned seconds,
            struct sdr_error *error)
{
    const struct sdr_pages pages = {.seconds = seconds};
    const char **wanted =
        sdr_profile_attributes(&live->directory->mapping, more);
    enum sdr_status status = be_ready(live, error);

    search->filter = filter;
    search->attributes = wanted;
    if (status == SDR_OK)
        status = note(
            live,
            sdr_pages_search(live->session->connection, search, &pages, error),
            error);
    free(wanted);
    free(filter);
    return status;
}

enum sdr_status
live_find_groups(struct live *live, struct sdr_error *error)
{
    if (be_ready(live, error) != SDR_OK)
        return SDR_TEMPFAIL;
    return note(live, sdr_session_find_groups(live->session, error), error);
}

enum sdr_status
live_prove(struct live *live, const char *dn, struct sdr_error *error)
{
    if (be_ready(live, error) != SDR_OK)
        return SDR_TEMPFAIL;
    return note(live,
                dn == NULL ? sdr_session_prove_none(live->session, error)
                           : sdr_session_prove_access(live->session, dn, error),
                error);
}
