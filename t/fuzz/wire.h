/* wire.h - the octets between a played MTA and a session of the milter
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * No socket: octets go into a reader and come out of a writer, cut into reads
 * of any size.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include "protocol/packet.h"
#include "protocol/session.h"

struct wire {
    struct session session;
    struct packet_reader said, replies; /* by the MTA, by the milter */
    size_t cut; /* octets of one read; 0: all that there is */
    enum session_end end;
    char packet[65536]; /* that is being said */
    size_t len;
};

/* Say a packet: begin it, put its data, end it. After its end the session is
 * sent nothing. */
void
wire_begin(struct wire *wire, char command);
void
wire_put(struct wire *wire, const void *octets, size_t len);
void
wire_put_text(struct wire *wire, const char *text); /* with its NUL */
void
wire_end(struct wire *wire);

/* Say any octets. */
void
wire_say_octets(struct wire *wire, const char *octets, size_t len);

/* The milter's next packet, borrowed until something is said; false: there is
 * none. */
bool
wire_hear(struct wire *wire, struct packet *packet);

/* Hang up. */
void
wire_clear(struct wire *wire);

#endif
