/* macros.h - the macros of an MTA
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Before a command an MTA may send macros for that command's stage. They are
 * valid until it sends macros for the same stage again, or until an earlier
 * stage begins again. One thread; all zero means no macros.
 */
#ifndef SDR_MILTER_PROTOCOL_MACROS_H
#define SDR_MILTER_PROTOCOL_MACROS_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/packet.h"

/* In protocol order. */
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
        char *text; /* name, value, name, value..., as received */
        size_t len;
    } stages[MACRO_STAGES];
};

/* Replace the macros of a stage by those of the packet; ignores unknown stages.
 * Returns false if the packet is malformed, or without memory. */
bool
macros_take(struct macros *macros, const struct packet *packet);

/* Returns the value of a macro, from the latest stage that has it. Braces
 * around a one-letter name are optional. Borrowed until the next change; NULL
 * if there is none. */
const char *
macros_find(const struct macros *macros, const char *name);

/* Discard the macros of STAGE and all later stages. */
void
macros_forget(struct macros *macros, enum macro_stage stage);

#endif
