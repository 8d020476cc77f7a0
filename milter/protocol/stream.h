/* stream.h - packets over a socket, from an untrusted peer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread.
 */
#ifndef SDR_MILTER_PROTOCOL_STREAM_H
#define SDR_MILTER_PROTOCOL_STREAM_H

#include "protocol/packet.h"

enum stream_status {
    STREAM_OK,
    STREAM_END,  /* end of file, or the socket's timeout, between two packets */
    STREAM_LATE, /* it stopped inside a packet */
    STREAM_DEAF, /* it does not read our replies */
    STREAM_BAD   /* no packet, or too long; or no memory */
};

/* Wait for the next packet: for its first octet as long as the socket's
 * timeout, for the rest SECONDS. Sends REPLIES first if it has to wait. */
enum stream_status
stream_read(int fd, struct packet_reader *reader, int seconds,
            struct packet_writer *replies, struct packet *packet);

/* Send all of REPLIES. Returns STREAM_OK, STREAM_DEAF after the socket's send
 * timeout, or STREAM_END if the peer is gone. */
enum stream_status
stream_send(int fd, struct packet_writer *replies);

#endif
