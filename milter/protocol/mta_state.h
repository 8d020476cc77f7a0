/* mta_state.h - an MTA, as our own engine knows it
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
    uint32_t actions; /* that it lets us do: SMFIF_... */
    struct macros macros;
    struct packet_writer replies;
    size_t edits_start; /* in REPLIES, of the edits of a message */
};

#endif
