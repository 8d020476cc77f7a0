/* syncrepl.h - what the parts of a content synchronization share
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
    bool present;    /* entries that are there are named: others are not */
    bool named;      /* one was */
    bool unproven;   /* none was: all has to be read */
    bool persisting; /* the refresh is over */
    int64_t *up_to_date;
    struct proof *proof;           /* of what the server shows */
    struct syncinfo_cookie cookie; /* the last one that was given */
    struct refresh refresh;
    bool quiet;                    /* there was nothing more to be received */
    int search;                    /* message id */
    int ping;                      /* message id; 0: none is out */
    time_t search_time, ping_time; /* when each was sent */
    int64_t ping_at;               /* the same of the ping; 0: another is due */
    bool ping_proves;              /* no other question was asked since */
    int64_t heard_at;              /* when the server said something */
    int64_t full_at;               /* when all is to be read again; 0: never */
    struct sdr_error *error;
};

/* The session fails for this reason. */
enum session_end
syncrepl_fail(struct session *session, const char *reason);

/* It fails; the error is there, but for who said it. If it is unproven who is
 * gone, all is to be read. */
enum session_end
syncrepl_fail_as_reported(struct session *session);

/* Understand a message that belongs to the search. True if the session ends, by
 * *end. */
bool
syncrepl_take(struct session *session, LDAPMessage *message,
              enum session_end *end);

/* All that was said so far holds: commit it, with the cookie if one was given;
 * if SWEPT, what was not named is gone. With a CONTACT it is all that had
 * happened by then. SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
syncrepl_settle(struct session *session, bool swept, enum store_stage stage,
                time_t contact);

#endif
