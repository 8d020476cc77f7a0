/* packet.h - packets of the milter protocol, read and written
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A length of four octets in network order, a command of one octet, its data.
 * Nothing here touches a socket: what has come from a peer is put into a
 * reader, whole packets are taken out of it; a writer collects packets until
 * somebody sends them. Both are all zero at first, grow with what is there, and
 * belong to one thread.
 */
#ifndef SDR_MILTER_PROTOCOL_PACKET_H
#define SDR_MILTER_PROTOCOL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a packet that we read: more than an MTA sends. The longest is a
 * header; Postfix 3.7 cuts it at 60 kB, Sendmail at MaxHeadersLength, 32 kB. */
enum { PACKET_MAX = 1000000 };

struct packet {
    char command;
    const char *data;
    size_t len; /* of the data */
};

enum packet_status {
    PACKET_OK,
    PACKET_PART, /* it is not all there yet */
    PACKET_BAD   /* it has no command, or is too long */
};

struct packet_reader {
    char *octets;
    size_t size, start, end; /* of what has come and has not been taken */
};

/* Take the next packet. Its data is borrowed until more octets come. */
enum packet_status
packet_take(struct packet_reader *reader, struct packet *packet);

/* True if a packet, or the beginning of one, has come and was not taken. */
bool
packet_waiting(const struct packet_reader *reader);

/* Room for at least one more octet at *room, *len octets; to be followed by
 * packet_came(). False without memory. */
bool
packet_make_room(struct packet_reader *reader, char **room, size_t *len);

/* So many octets have been put there. */
void
packet_came(struct packet_reader *reader, size_t len);

void
packet_reader_clear(struct packet_reader *reader);

/* ---- data that is strings, each with a NUL at its end ---- */

struct packet_strings {
    const char *at, *end;
};

/* False if the data does not end with a NUL: a lie. */
bool
packet_strings(const char *data, size_t len, struct packet_strings *strings);

/* The next one, borrowed like the data; NULL after the last. */
const char *
packet_string(struct packet_strings *strings);

/* The number of four octets at DATA. */
uint32_t
packet_number(const char *data);

/* ---- writing ---- */

struct packet_writer {
    char *octets;
    size_t size, len;
    size_t start; /* of the last packet */
    bool lost;    /* there was no memory for some of it */
};

/* One with up to two strings; those that are NULL are left out. */
void
packet_write(struct packet_writer *writer, char command, const char *first,
             const char *second);

/* Begin one, put its data, end it. A string has its NUL. */
void
packet_begin(struct packet_writer *writer, char command);
void
packet_put_number(struct packet_writer *writer, uint32_t number);
void
packet_put_string(struct packet_writer *writer, const char *text);
void
packet_end(struct packet_writer *writer);

/* Forget what was written since its length was LEN. */
void
packet_take_back(struct packet_writer *writer, size_t len);

/* What was written has been sent. */
void
packet_sent(struct packet_writer *writer);

void
packet_writer_clear(struct packet_writer *writer);

#endif
