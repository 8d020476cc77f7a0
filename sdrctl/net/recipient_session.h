/* recipient_session.h - a session that tries the recipients of one domain
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For recipients.c.
 */
#ifndef SDRCTL_RECIPIENT_SESSION_H
#define SDRCTL_RECIPIENT_SESSION_H

#include "net/recipient.h"

/* The recipients of one domain, which has the same hosts. */
struct round {
    const struct recipient_check *check;
    struct recipient *probe;
    struct recipient **queue; /* from FIRST on those without a result */
    size_t first, count;
    struct mx mx;
    uint16_t port;
    int64_t end;
    int64_t *next; /* when the next recipient may be sent */
    size_t *done;  /* recipients with a result, of all domains */
    bool ascii;    /* all addresses are */
    bool careful;  /* one command at a time */
    /* the current session */
    struct smtp *smtp;
    bool smtputf8; /* there are non-ASCII addresses, and the host supports them
                    */
    size_t batch;
    /* the current message */
    size_t taken, limit; /* of recipients, as far as it is known */
    bool full;
};

/* Nothing is to be asked any more. */
bool
round_is_done(const struct round *round);

/* Run a session with the host, and take the recipients that have a result then
 * out of the queue. SDR_OK at its end; SDR_TEMPFAIL with the reason if it ends
 * early. */
enum sdr_status SDR_MUST_USE
round_run_session(struct round *round, const struct smtp_host *host,
                  struct sdr_error *error);

#endif
