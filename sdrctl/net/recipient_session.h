/* recipient_session.h - an SMTP session that tests recipients of one domain
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by recipients.c only.
 */
#ifndef SDRCTL_RECIPIENT_SESSION_H
#define SDRCTL_RECIPIENT_SESSION_H

#include "net/recipient.h"

/* The recipients of one domain, and the hosts of the domain. */
struct round {
    const struct recipient_check *check;
    struct recipient *probe;
    struct recipient **queue; /* those without a result begin at FIRST */
    size_t first, count;
    struct mx mx;
    uint16_t port;
    int64_t end;
    int64_t *next; /* time when the next recipient may be sent */
    size_t *done;  /* number of recipients with a result, in all domains */
    bool ascii;    /* all addresses are ASCII */
    bool careful;  /* one command at a time */
    /* the current session */
    struct smtp *smtp;
    bool smtputf8; /* SMTPUTF8 is offered and needed */
    size_t batch;
    /* the current message */
    size_t taken, limit; /* accepted; the host's limit, 0 if unknown */
    bool full;
};

/* True if no recipient is left to test. */
bool
round_is_done(const struct round *round);

/* Run a session with the host, and remove the recipients that have a result
 * from the queue. Returns SDR_OK at the end of the session, or SDR_TEMPFAIL
 * with the reason if it ended early. */
enum sdr_status SDR_MUST_USE
round_run_session(struct round *round, const struct smtp_host *host,
                  struct sdr_error *error);

#endif
