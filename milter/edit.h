/* edit.h - editing the envelope at the end of a message
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_EDIT_H
#define SDR_MILTER_EDIT_H

#include "message.h"
#include "mta.h"

/* Returns the message's queue id for the log; "NOQUEUE" if there is none yet,
 * or if it is not printable. Borrowed until the MTA's next command. */
const char *
edit_queue_id(const struct mta *mta);

/* Delete recipients, add recipients, add the mark. Returns the answer to the
 * end of the message. If an edit fails, no edit takes effect and the whole
 * message is deferred. */
enum mta_answer
edit_message(struct mta *mta, const struct message *message);

#endif
