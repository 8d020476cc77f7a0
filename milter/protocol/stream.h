/* stream.h - packets over a socket, from a peer that may be slow or endless
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread.
 */
#ifndef SDR_MILTER_PROTOCOL_STREAM_H
#define SDR_MILTER_PROTOCOL_STREAM_H

#include "protocol/packet.h"

enum stream_status {
    STREAM_OK,
    STREAM_END,  /* the peer has gone, or is silent for longer than the socket
                    waits, between two packets */
    STREAM_LATE, /* it stopped within one */
    STREAM_DEAF, /* it does not read what it is sent */
    STREAM_BAD   /* it sends no packets, or too long ones; or there is no
                    memory */
};

/* Wait for the next packet: for its first octet as long as the socket does, for
 * the rest SECONDS. What is in REPLIES is sent first if we have to wait. */
enum stream_status
stream_read(int fd, struct packet_reader *reader, int seconds,
            struct packet_writer *replies, struct packet *packet);

/* Send all that is in REPLIES. A send timeout of the socket holds: STREAM_DEAF;
 * STREAM_END if the peer has gone. */
enum stream_status
stream_send(int fd, struct packet_writer *replies);

#endif
