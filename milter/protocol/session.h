/* session.h - one connection of an MTA: what it says, step by step
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The milter protocol, versions 2 to 6. Packets go in, what the MTA waits for
 * is collected in mta.replies: all edits of a message and the last reply can be
 * sent at once. All zero is a new session; it belongs to one thread.
 */
#ifndef SDR_MILTER_PROTOCOL_SESSION_H
#define SDR_MILTER_PROTOCOL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "protocol/mta_state.h"

enum session_stage {
    SESSION_NEW,    /* nothing is negotiated */
    SESSION_IDLE,   /* no message is under way */
    SESSION_MAIL,   /* one is */
    SESSION_RCPT,   /* with a recipient, though it may have been refused */
    SESSION_CONTENT /* no more recipients */
};

struct session {
    enum session_stage stage;
    uint32_t agreed; /* steps: SMFIP_... */
    struct mta mta;
    struct message message;
};

enum session_end {
    SESSION_GOES_ON,
    SESSION_QUIT,
    SESSION_BROKEN /* what it said makes no sense; or there is no memory */
};

/* Take the next packet; as long as it takes. */
enum session_end
session_take(struct session *session, const struct packet *packet);

void
session_clear(struct session *session);

#endif
