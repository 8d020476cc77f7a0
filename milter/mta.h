/* mta.h - the MTA at the other end: its macros, and what it receives
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two engines speak the milter protocol; configure chooses one. protocol/ is
 * our own, libmilter/ is Sendmail's library. Either takes an MTA's commands to
 * recipients.h and has these functions, so that what becomes of recipients is
 * the same code for both. One thread at a time for one MTA.
 */
#ifndef SDR_MILTER_MTA_H
#define SDR_MILTER_MTA_H

#include <stdbool.h>

#include "decision/route.h"

/* Each engine has its own. */
struct mta;

/* What an MTA waits for after a command. */
enum mta_answer {
    MTA_CONTINUE,
    MTA_TEMPFAIL,
    MTA_REPLIED, /* an SMTP reply, mta_reply(); or it does not wait */
    MTA_BROKEN   /* nothing any more: what it says cannot be understood */
};

/* The value of a macro: that of the latest stage that has it; of one letter the
 * name may stand in braces or not. Borrowed until the MTA's next command; NULL
 * if there is none. */
const char *
mta_macro(const struct mta *mta, const char *name);

/* Give the SMTP client this reply instead of the MTA's own. */
enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply);

/* Octets of a reply's text with each '%' doubled: both MTAs read it as a
 * format. */
enum { MTA_REPLY_MAX = 2 * sizeof((struct sdr_reply){0}.text) };
void
mta_reply_text(const struct sdr_reply *reply, char text[MTA_REPLY_MAX]);

/* Edit the message, at its end alone. False if the MTA does not allow it, if
 * there is nothing to add or delete, or without memory. The parameters, NULL
 * for none, are left out if the MTA takes none: better to lose them than the
 * mail. */
bool
mta_add_recipient(struct mta *mta, const char *path, const char *parameters);
bool
mta_delete_recipient(struct mta *mta, const char *text);
bool
mta_add_header(struct mta *mta, const char *name, const char *value);

/* An edit has failed and the message is to be deferred: what was edited so far
 * is not sent, if it has not been sent yet. An MTA drops the edits of a message
 * that is deferred. */
void
mta_cancel_edits(struct mta *mta);

#endif
