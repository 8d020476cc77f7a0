/* edit.h - at the end of a message: its envelope, made what was decided
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_EDIT_H
#define SDR_MILTER_EDIT_H

#include "message.h"
#include "mta.h"

/* The message's queue id for the log; "NOQUEUE" while it has none, or one that
 * cannot be shown. Borrowed until the MTA's next command. */
const char *
edit_queue_id(const struct mta *mta);

/* Delete, then add, then mark. Returns what the end of a message is answered
 * with: where an edit fails none is made, and the whole message is deferred. */
enum mta_answer
edit_message(struct mta *mta, const struct message *message);

#endif
