/* wire.c - see wire.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "wire.h"

#include <arpa/inet.h>

#include "fuzz.h"

static void
put(struct packet_reader *reader, const char *octets, size_t len)
{
    while (len > 0) {
        size_t part;
        char *room;

        FUZZ_RULE(packet_make_room(reader, &room, &part));
        if (part > len)
            part = len;
        memcpy(room, octets, part);
        packet_came(reader, part);
        octets += part;
        len -= part;
    }
}

/* Handle the received packets, as protocol/engine.c does. */
static void
serve(struct wire *wire)
{
    struct packet_writer *replies = &wire->session.mta.replies;
    enum packet_status status;
    struct packet packet;

    while (wire->end == SESSION_GOES_ON
           && (status = packet_take(&wire->said, &packet)) != PACKET_PART)
        wire->end = status == PACKET_OK ? session_take(&wire->session, &packet)
                                        : SESSION_BROKEN;
    put(&wire->replies, replies->octets, replies->len);
    packet_sent(replies);
}

void
wire_say_octets(struct wire *wire, const char *octets, size_t len)
{
    while (len > 0 && wire->end == SESSION_GOES_ON) {
        size_t part = wire->cut > 0 && wire->cut < len ? wire->cut : len;

        put(&wire->said, octets, part);
        serve(wire);
        octets += part;
        len -= part;
    }
}

void
wire_begin(struct wire *wire, char command)
{
    wire->len = sizeof(uint32_t);
    wire_put(wire, &command, 1);
}

/* Ignores data that does not fit in the packet. */
void
wire_put(struct wire *wire, const void *octets, size_t len)
{
    if (len > sizeof wire->packet - wire->len)
        return;
    memcpy(wire->packet + wire->len, octets, len);
    wire->len += len;
}

void
wire_put_text(struct wire *wire, const char *text)
{
    wire_put(wire, text, strlen(text) + 1);
}

void
wire_end(struct wire *wire)
{
    uint32_t len = htonl((uint32_t)(wire->len - sizeof len));

    memcpy(wire->packet, &len, sizeof len);
    wire_say_octets(wire, wire->packet, wire->len);
}

bool
wire_hear(struct wire *wire, struct packet *packet)
{
    enum packet_status status = packet_take(&wire->replies, packet);

    FUZZ_RULE(status == PACKET_OK || !packet_waiting(&wire->replies));
    return status == PACKET_OK;
}

void
wire_clear(struct wire *wire)
{
    session_clear(&wire->session);
    packet_reader_clear(&wire->said);
    packet_reader_clear(&wire->replies);
    wire->end = SESSION_GOES_ON;
}
