/* session.h - one connection of an MTA, command by command
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The milter protocol, versions 2 to 6. Packets go in, replies are collected in
 * mta.replies, so that all edits of a message and the final reply can be sent
 * at once. All zero is a new session; it belongs to one thread.
 */
#ifndef SDR_MILTER_PROTOCOL_SESSION_H
#define SDR_MILTER_PROTOCOL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "protocol/mta_state.h"

enum session_stage {
    SESSION_NEW,    /* not negotiated yet */
    SESSION_IDLE,   /* no message */
    SESSION_MAIL,   /* a message has begun */
    SESSION_RCPT,   /* with a recipient, which may have been refused */
    SESSION_CONTENT /* no more recipients */
};

struct session {
    enum session_stage stage;
    uint32_t agreed; /* negotiated steps: SMFIP_... */
    struct mta mta;
    struct message message;
};

enum session_end {
    SESSION_GOES_ON,
    SESSION_QUIT,
    SESSION_BROKEN /* protocol error, or no memory */
};

/* Handle the next packet. May take as long as sdr_decide(). */
enum session_end
session_take(struct session *session, const struct packet *packet);

void
session_clear(struct session *session);

#endif
