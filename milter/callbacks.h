/* callbacks.h - what becomes of each recipient that an MTA tells of
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One step of a message each, in the order of the protocol, which session.h
 * sees to. One thread at a time for one message.
 */
#ifndef SDR_MILTER_CALLBACKS_H
#define SDR_MILTER_CALLBACKS_H

#include "message.h"
#include "mta.h"

/* A new message: nothing of another one is left. */
void
callbacks_mail(struct message *message);

/* A recipient as the client gave it, and its ESMTP parameters. Takes as long as
 * sdr_decide(). */
enum mta_answer
callbacks_rcpt(struct mta *mta, struct message *message, const char *given,
               struct packet_strings *parameters);

void
callbacks_header(struct message *message, const char *name, const char *value);

/* The end of the message: its envelope is edited, then it is forgotten. */
enum mta_answer
callbacks_eom(struct mta *mta, struct message *message);

#endif
