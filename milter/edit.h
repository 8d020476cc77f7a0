/* edit.h - at the end of a message: its envelope, made what was decided
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_EDIT_H
#define SDR_MILTER_EDIT_H

#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "message.h"

/* The message's queue id for the log; "NOQUEUE" while it has none. Borrowed
 * from libmilter until the callback returns. */
const char *
edit_queue_id(SMFICTX *ctx);

/* Give the SMTP client this reply instead of the MTA's own. Returns the status
 * that goes with it. */
sfsistat
edit_reply(SMFICTX *ctx, const struct sdr_reply *reply);

/* Delete, then add, then mark. WITH_PARAMETERS: the MTA takes ESMTP parameters
 * of an added recipient. Returns what the end-of-message callback returns:
 * anything that fails defers the whole message, which is then delivered to
 * nobody. */
sfsistat
edit_message(SMFICTX *ctx, const struct message *message, bool with_parameters);

#endif
