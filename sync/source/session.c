/* session.c - see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source/session.h"

#include "net/clock.h"

/* Milliseconds to find all groups, which may be many. */
enum { GROUPS_MS = 60 * 1000 };

void
session_is_up_to_date(struct worker *worker, int64_t *up_to_date)
{
    if (*up_to_date == 0)
        *up_to_date = sdr_clock();
    worker->status = SDR_OK;
    worker->ahead_since = 0;
    worker_well(worker);
}

enum sdr_status
session_find_groups(const struct session_with *with)
{
    struct sdr_session *session = with->session;

    session->groups.until = 0;
    sdr_connection_set_deadline(session->connection, sdr_clock() + GROUPS_MS);
    return sdr_session_find_groups(session, with->error);
}
