/* wire.h - the connection between a simulated MTA and the milter
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * No socket: the octets of the MTA are put into a packet reader, in parts of a
 * chosen size, and the replies are taken from the session's packet writer.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include "protocol/packet.h"
#include "protocol/session.h"

struct wire {
    struct session session;
    struct packet_reader said, replies; /* from the MTA, from the milter */
    size_t cut;                         /* octets received at a time; 0: all */
    enum session_end end;
    char packet[65536]; /* the one being written */
    size_t len;
};

/* Send a packet: begin it, put its data, end it. Does nothing after the session
 * has ended. */
void
wire_begin(struct wire *wire, char command);
void
wire_put(struct wire *wire, const void *octets, size_t len);
void
wire_put_text(struct wire *wire, const char *text); /* with its NUL */
void
wire_end(struct wire *wire);

/* Send octets, which need not be a packet. */
void
wire_say_octets(struct wire *wire, const char *octets, size_t len);

/* Take the next packet of the milter. It is borrowed until more is sent.
 * Returns false if there is none. */
bool
wire_hear(struct wire *wire, struct packet *packet);

/* Disconnect. */
void
wire_clear(struct wire *wire);

#endif
