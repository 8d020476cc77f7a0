/* recipients.h - handling of each recipient of a message
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each function is one step of a message, called in protocol order by the
 * engine (see mta.h). One thread at a time for one message.
 */
#ifndef SDR_MILTER_RECIPIENTS_H
#define SDR_MILTER_RECIPIENTS_H

#include "message.h"
#include "mta.h"

/* Check whether the MTA allows the milter to add and delete recipients, and to
 * add headers. If it does not, and the current configuration needs it, only
 * logs an error: an MTA may be configured to go on without a milter that fails.
 * An edit that is not allowed later defers the message. */
void
recipients_negotiate(bool may_edit, bool may_mark);

/* Begin a new message: discard the last one. */
void
recipients_begin(struct message *message);

/* The client's ESMTP parameters that we use; borrowed. All zero at first. */
struct rcpt_parameters {
    const char *notify, *orcpt; /* "NOTIFY=..."; NULL: none */
};

/* Record the client's next parameter, if it is one of these. */
void
recipients_parameter(struct rcpt_parameters *parameters, const char *text);

/* Handle a recipient as the client sent it. Takes as long as sdr_decide(). */
enum mta_answer
recipients_add(struct mta *mta, struct message *message, const char *given,
               const struct rcpt_parameters *parameters);

void
recipients_header(struct message *message, const char *name, const char *value);

/* End the message: edit the envelope, then discard the message. */
enum mta_answer
recipients_end(struct mta *mta, struct message *message);

#endif
