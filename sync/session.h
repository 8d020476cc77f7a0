/* session.h - one conversation with one server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * There is one function for each method. What is left when it ends may be
 * continued by another method, at another server.
 */
#ifndef SYNC_SESSION_H
#define SYNC_SESSION_H

#include <stdbool.h>

#include "connection.h"
#include "proof.h"
#include "status.h"
#include "worker.h"

enum session_end {
    SESSION_STOPPED, /* the worker has to stop, or has done what was to be done
                        once */
    SESSION_FAILED,  /* with the reason: ask another server, or later */
    SESSION_UNABLE,  /* with the reason: this server does not know the method */
    SESSION_RELOAD,  /* with the reason: what the server remembers of us counts
                        no more, read all of it */
    SESSION_DUE,     /* the time has come to read all of it */
    SESSION_REST     /* done, until the interval is over */
};

struct session_with {
    struct worker *worker;
    struct sdr_connection *connection;
    struct proof *proof; /* of what it shows */
    const char *uri;
    bool whole;          /* read all of it */
    int64_t *up_to_date; /* result: when the copy was for the first time, by
                            sdr_clock(); left alone if it never was */
    struct sdr_error *error;
};

/* To be called when the copy is up to date. */
void
session_is_up_to_date(struct worker *worker, int64_t *up_to_date);

/* Content synchronization, RFC 4533: the copy is brought up to date, and then
 * every change is taken as it happens; that nothing happens is proven every few
 * seconds. */
enum session_end
syncrepl_session(const struct session_with *with);

/* Active Directory: what has changed since the last question has higher update
 * sequence numbers, MS-ADTS 3.1.1.1.9. */
enum session_end
usn_session(const struct session_with *with);

/* Any server: all of it, from end to end. */
enum session_end
full_session(const struct session_with *with);

#endif
