/* edit.h - at the end of a message: its envelope, made what was decided
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_EDIT_H
#define SDR_MILTER_EDIT_H

#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "message.h"

/* The message's queue id for the log; "NOQUEUE" while it has none, or one that
 * cannot be shown. Borrowed from libmilter until the callback returns. */
const char *
edit_queue_id(SMFICTX *ctx);

/* Give the SMTP client this reply instead of the MTA's own. Returns the status
 * that goes with it. */
sfsistat
edit_reply(SMFICTX *ctx, const struct sdr_reply *reply);

/* Delete, then add, then mark. Returns what the end-of-message callback
 * returns: anything that fails defers the whole message, which is then
 * delivered to nobody. */
sfsistat
edit_message(SMFICTX *ctx, const struct message *message);

#endif
