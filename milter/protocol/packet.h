/* packet.h - reading and writing packets of the milter protocol
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A packet is a length of four octets in network order, a command of one octet,
 * and its data. No I/O here: received octets are put into a reader, and whole
 * packets are taken from it; a writer collects packets until they are sent.
 * Both are all zero at first, grow as needed, and belong to one thread.
 */
#ifndef SDR_MILTER_PROTOCOL_PACKET_H
#define SDR_MILTER_PROTOCOL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest packet accepted, in octets: more than an MTA sends. The longest
 * is a header; Postfix 3.7 truncates it at 60 kB, Sendmail at MaxHeadersLength,
 * 32 kB. */
enum { PACKET_MAX = 1000000 };

struct packet {
    char command;
    const char *data;
    size_t len; /* of the data */
};

enum packet_status {
    PACKET_OK,
    PACKET_PART, /* incomplete so far */
    PACKET_BAD   /* no command, or too long */
};

struct packet_reader {
    char *octets;
    size_t size, start, end; /* received data not taken yet */
};

/* Take the next packet. Its data is borrowed until more octets are received. */
enum packet_status
packet_take(struct packet_reader *reader, struct packet *packet);

/* Returns true if a packet, or a part of one, was received and not taken. */
bool
packet_waiting(const struct packet_reader *reader);

/* Provide room for at least one more octet at *ROOM, *LEN octets; then call
 * packet_came(). Returns false without memory. */
bool
packet_make_room(struct packet_reader *reader, char **room, size_t *len);

/* Record that LEN octets have been received into the room. */
void
packet_came(struct packet_reader *reader, size_t len);

void
packet_reader_clear(struct packet_reader *reader);

/* ---- data of NUL-terminated strings ---- */

struct packet_strings {
    const char *at, *end;
};

/* Begin to read strings. Returns false if the data does not end with a NUL. */
bool
packet_strings(const char *data, size_t len, struct packet_strings *strings);

/* Returns the next string, borrowed from the data; NULL after the last. */
const char *
packet_string(struct packet_strings *strings);

/* Returns the number in the four octets at DATA. */
uint32_t
packet_number(const char *data);

/* ---- writing ---- */

struct packet_writer {
    char *octets;
    size_t size, len;
    size_t start; /* of the last packet */
    bool lost;    /* a part was lost, without memory */
};

/* Write a packet with up to two strings; NULL for none. */
void
packet_write(struct packet_writer *writer, char command, const char *first,
             const char *second);

/* Begin a packet, write its data, end it. A string includes its NUL. */
void
packet_begin(struct packet_writer *writer, char command);
void
packet_put_number(struct packet_writer *writer, uint32_t number);
void
packet_put_string(struct packet_writer *writer, const char *text);
void
packet_end(struct packet_writer *writer);

/* Discard what was written after the first LEN octets. */
void
packet_take_back(struct packet_writer *writer, size_t len);

/* Empty the writer after its content was sent. */
void
packet_sent(struct packet_writer *writer);

void
packet_writer_clear(struct packet_writer *writer);

#endif
