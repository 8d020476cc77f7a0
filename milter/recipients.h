/* recipients.h - what becomes of each recipient of a message
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One step of a message each, in the order of the protocol, which the engine
 * sees to (see mta.h). One thread at a time for one message.
 */
#ifndef SDR_MILTER_RECIPIENTS_H
#define SDR_MILTER_RECIPIENTS_H

#include "message.h"
#include "mta.h"

/* Whether the MTA allows to add and delete recipients, and to add headers. If
 * it does not, and we need that by the configuration of now, an error is logged
 * and no more: an MTA may be configured to go on without a milter that is
 * away. An edit that it does not allow defers its message. */
void
recipients_negotiate(bool may_edit, bool may_mark);

/* A new message: nothing of another one is left. */
void
recipients_begin(struct message *message);

/* The ESMTP parameters of a recipient that we read, the client's, borrowed; all
 * zero at first. */
struct rcpt_parameters {
    const char *notify, *orcpt; /* "NOTIFY=..."; NULL: none */
};

/* Take the next parameter of the client's, if it is one of these. */
void
recipients_parameter(struct rcpt_parameters *parameters, const char *text);

/* A recipient as the client gave it. Takes as long as sdr_decide(). */
enum mta_answer
recipients_add(struct mta *mta, struct message *message, const char *given,
               const struct rcpt_parameters *parameters);

void
recipients_header(struct message *message, const char *name, const char *value);

/* The end of the message: its envelope is edited, then it is forgotten. */
enum mta_answer
recipients_end(struct mta *mta, struct message *message);

#endif
