/* syncrepl.h - shared by the parts of a content synchronization
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * syncrepl.c sends the requests, syncrepl_read.c handles the server's messages.
 * See session.h.
 */
#ifndef SYNC_SYNCREPL_H
#define SYNC_SYNCREPL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <ldap.h>

#include "source/refresh.h"
#include "source/session.h"
#include "source/syncinfo.h"

struct session {
    const struct session_with *with;
    struct worker *worker;
    const struct sdr_directory_options *directory;
    const char *uri;
    LDAP *ld;
    bool whole;      /* no cookie was sent: all entries follow */
    bool present;    /* remaining entries are reported: others are gone */
    bool named;      /* at least one was */
    bool unproven;   /* none was: read everything */
    bool persisting; /* the refresh is over */
    int64_t *up_to_date;
    struct proof *proof;           /* of what the server shows */
    struct syncinfo_cookie cookie; /* the last one received */
    struct refresh refresh;
    bool quiet;                    /* there were no more messages */
    int search;                    /* message id */
    int ping;                      /* message id; 0: none sent */
    time_t search_time, ping_time; /* when each was sent */
    int64_t ping_at;               /* when the ping was sent; 0: due now */
    bool ping_proves;              /* no other request was sent since */
    int64_t heard_at;              /* when the last message was received */
    int64_t full_at;               /* when everything is to be read again; 0:
                                      never */
    struct sdr_error *error;
};

/* End the session with this error. */
enum session_end
syncrepl_fail(struct session *session, const char *reason);

/* End the session with the error that is set, adding the URI. If the removals
 * are unproven, everything is to be read. */
enum session_end
syncrepl_fail_as_reported(struct session *session);

/* Handle a message of the search. Returns true if the session ends, with *END.
 */
bool
syncrepl_take(struct session *session, LDAPMessage *message,
              enum session_end *end);

/* Commit everything received so far, with the cookie if there was one. If
 * SWEPT, entries that were not reported are gone. CONTACT is the time until
 * which all changes are included; 0 for none. Returns SDR_OK, or SDR_TEMPFAIL
 * with the reason. */
enum sdr_status SDR_MUST_USE
syncrepl_settle(struct session *session, bool swept, enum store_stage stage,
                time_t contact);

#endif
