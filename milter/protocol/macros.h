/* macros.h - what an MTA reports of itself, its client and a recipient
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Before a command an MTA may send macros of that command's stage. They hold
 * until the next of the same stage come, or until an earlier stage begins
 * again. One thread; all zero there are none.
 */
#ifndef SDR_MILTER_PROTOCOL_MACROS_H
#define SDR_MILTER_PROTOCOL_MACROS_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/packet.h"

/* In this order they are reached. */
enum macro_stage {
    MACRO_CONNECT,
    MACRO_HELO,
    MACRO_MAIL,
    MACRO_RCPT,
    MACRO_DATA,
    MACRO_EOH,
    MACRO_EOM
};
enum { MACRO_STAGES = MACRO_EOM + 1 };

struct macros {
    struct macro_list {
        char *text; /* name, value, name, value..., as they came */
        size_t len;
    } stages[MACRO_STAGES];
};

/* Take a packet of macros in place of those of its stage; one of a stage that
 * we do not know is nothing. False if it is malformed, or without memory. */
bool
macros_take(struct macros *macros, const struct packet *packet);

/* The value of the latest stage that has it; of one letter the name may stand
 * in braces or not. Borrowed until the next change; NULL if there is none. */
const char *
macros_find(const struct macros *macros, const char *name);

/* Forget those of all stages from STAGE on. */
void
macros_forget(struct macros *macros, enum macro_stage stage);

#endif
