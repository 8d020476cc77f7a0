/* mta_state.h - the MTA's state in our own engine
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Edits and replies are collected and sent together, see session.h.
 */
#ifndef SDR_MILTER_PROTOCOL_MTA_STATE_H
#define SDR_MILTER_PROTOCOL_MTA_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "mta.h"
#include "protocol/macros.h"
#include "protocol/packet.h"

struct mta {
    uint32_t actions; /* negotiated: SMFIF_... */
    struct macros macros;
    struct packet_writer replies;
    size_t edits_start; /* where the message's edits begin in REPLIES */
};

#endif
