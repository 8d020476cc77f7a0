/* session.h - one session with one server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * There is one function for each method. Another method, at another server, can
 * continue where it ended.
 */
#ifndef SYNC_SESSION_H
#define SYNC_SESSION_H

#include <stdbool.h>

#include "ldap/session.h"
#include "source/proof.h"
#include "status.h"
#include "source/worker.h"

enum session_end {
    SESSION_STOPPED, /* the worker has to stop, or has done what was to be done
                        once */
    SESSION_FAILED,  /* with the reason: ask another server, or later */
    SESSION_UNABLE,  /* with the reason: this server does not support the method
                      */
    SESSION_RELOAD,  /* with the reason: the server's state for us is not valid
                        any more: read everything */
    SESSION_DUE,     /* a full read is due */
    SESSION_REST     /* done, until the interval is over */
};

struct session_with {
    struct worker *worker;
    struct sdr_session *session;
    struct proof *proof; /* of what it shows */
    bool whole;          /* read everything */
    int64_t *up_to_date; /* result: when the copy first was up to date, by
                            sdr_clock(); unchanged if it never was */
    struct sdr_error *error;
};

/* Find the groups that currently name an owner. Returns SDR_OK, or SDR_TEMPFAIL
 * with the reason. */
enum sdr_status SDR_MUST_USE
session_find_groups(const struct session_with *with);

/* To be called when the copy is up to date. */
void
session_is_up_to_date(struct worker *worker, int64_t *up_to_date);

/* Content synchronization, RFC 4533: the copy is updated, and then every change
 * is applied as it happens; every few seconds the server proves that it would
 * have reported changes. */
enum session_end
syncrepl_session(const struct session_with *with);

/* Active Directory: what has changed since the last question has higher update
 * sequence numbers, MS-ADTS 3.1.1.1.9. */
enum session_end
usn_session(const struct session_with *with);

/* For any server: read everything. */
enum session_end
full_session(const struct session_with *with);

#endif
