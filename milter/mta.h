/* mta.h - the MTA: its macros, replies to it, edits of its message
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two engines speak the milter protocol; configure chooses one. protocol/ is
 * our own, libmilter/ is Sendmail's library. Each passes an MTA's commands to
 * recipients.h and provides these functions, so recipients are handled by the
 * same code. One thread at a time for one MTA.
 */
#ifndef SDR_MILTER_MTA_H
#define SDR_MILTER_MTA_H

#include <stdbool.h>

#include "decision/route.h"

/* Each engine has its own. */
struct mta;

/* The answer to an MTA's command. */
enum mta_answer {
    MTA_CONTINUE,
    MTA_TEMPFAIL,
    MTA_REPLIED, /* an SMTP reply, by mta_reply(); or none is needed */
    MTA_BROKEN   /* close: its commands cannot be understood */
};

/* Returns the value of a macro, from the latest stage that has it. Braces
 * around a one-letter name are optional. Borrowed until the MTA's next command;
 * NULL if there is none. */
const char *
mta_macro(const struct mta *mta, const char *name);

/* Send the SMTP client this reply instead of the MTA's own. */
enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply);

/* Write a reply's text with each '%' doubled: both MTAs read it as a format
 * string. */
enum { MTA_REPLY_MAX = 2 * sizeof((struct sdr_reply){0}.text) };
void
mta_reply_text(const struct sdr_reply *reply, char text[MTA_REPLY_MAX]);

/* Edit the message; only at its end. Returns false if the MTA does not allow
 * it, if there is nothing to add or delete, or without memory. The parameters,
 * NULL for none, are omitted if the MTA accepts none: better to lose them than
 * the mail. */
bool
mta_add_recipient(struct mta *mta, const char *path, const char *parameters);
bool
mta_delete_recipient(struct mta *mta, const char *text);
bool
mta_add_header(struct mta *mta, const char *name, const char *value);

/* Discard the edits that have not been sent yet, after an edit has failed and
 * the message is to be deferred. An MTA drops the edits of a deferred message.
 */
void
mta_cancel_edits(struct mta *mta);

#endif
