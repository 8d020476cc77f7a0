/* mta.h - the MTA at the other end: what it tells, and what it is told
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What it is told is collected and sent together, see session.h. One thread.
 */
#ifndef SDR_MILTER_MTA_H
#define SDR_MILTER_MTA_H

#include <stdbool.h>
#include <stdint.h>

#include "macros.h"
#include "packet.h"
#include "route.h"

struct mta {
    uint32_t actions; /* that it lets us do: SMFIF_... */
    struct macros macros;
    struct packet_writer told;
};

/* What an MTA waits for after a command. */
enum mta_answer {
    MTA_CONTINUE,
    MTA_TEMPFAIL,
    MTA_TOLD,  /* an SMTP reply, mta_reply(); or it does not wait */
    MTA_BROKEN /* nothing any more: what it says cannot be understood */
};

/* Give the SMTP client this reply instead of the MTA's own. */
enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply);

/* Edit the message, at its end alone. False if the MTA does not allow it, if
 * there is nothing to add or delete, or without memory. */
bool
mta_add_recipient(struct mta *mta, const char *path, const char *parameters);
bool
mta_delete_recipient(struct mta *mta, const char *text);
bool
mta_add_header(struct mta *mta, const char *name, const char *value);

#endif
