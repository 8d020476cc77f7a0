/* packet.c - see packet.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/packet.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    LENGTH = 4,    /* octets of the length field */
    BLOCK = 4096,  /* buffer for what comes; Postfix writes this much */
    REPLIES = 512, /* first buffer for replies */
    KEPT = 65536,  /* larger buffers are freed when empty */
};

uint32_t
packet_number(const char *data)
{
    uint32_t number;

    memcpy(&number, data, sizeof number);
    return ntohl(number);
}

/* ---- reading ---- */

bool
packet_waiting(const struct packet_reader *reader)
{
    return reader->end > reader->start;
}

enum packet_status
packet_take(struct packet_reader *reader, struct packet *packet)
{
    size_t have = reader->end - reader->start;
    const char *from;
    uint32_t len;

    if (have < LENGTH)
        return PACKET_PART;
    from = reader->octets + reader->start;
    len = packet_number(from);
    if (len == 0 || len > PACKET_MAX)
        return PACKET_BAD;
    if (have - LENGTH < len)
        return PACKET_PART;
    packet->command = from[LENGTH];
    packet->data = from + LENGTH + 1;
    packet->len = len - 1;
    reader->start += LENGTH + len;
    return PACKET_OK;
}

/* Double the buffer, at first of FIRST octets, until it has NEEDED. Memory is
 * allocated only for received data, never for an announced length. */
static bool
array_grow(char **octets, size_t *size, size_t first, size_t needed)
{
    size_t wanted = *size > 0 ? *size : first;
    char *grown;

    while (wanted < needed)
        wanted *= 2;
    if (wanted == *size)
        return true;
    grown = realloc(*octets, wanted);
    if (grown == NULL)
        return false;
    *octets = grown;
    *size = wanted;
    return true;
}

static void
shrink(char **octets, size_t *size)
{
    if (*size <= KEPT)
        return;
    free(*octets);
    *octets = NULL;
    *size = 0;
}

bool
packet_make_room(struct packet_reader *reader, char **room, size_t *len)
{
    if (packet_waiting(reader) && reader->start > 0)
        memmove(reader->octets, reader->octets + reader->start,
                reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    if (reader->end == 0)
        shrink(&reader->octets, &reader->size);
    if (!array_grow(&reader->octets, &reader->size, BLOCK, reader->end + 1))
        return false;
    *room = reader->octets + reader->end;
    *len = reader->size - reader->end;
    return true;
}

void
packet_came(struct packet_reader *reader, size_t len)
{
    reader->end += len;
}

void
packet_reader_clear(struct packet_reader *reader)
{
    free(reader->octets);
    *reader = (struct packet_reader){0};
}

bool
packet_strings(const char *data, size_t len, struct packet_strings *strings)
{
    *strings = (struct packet_strings){data, data + len};
    return len > 0 && data[len - 1] == '\0';
}

const char *
packet_string(struct packet_strings *strings)
{
    const char *text = strings->at;

    if (text == strings->end)
        return NULL;
    strings->at += strlen(text) + 1;
    return text;
}

/* ---- writing ---- */

static void
put(struct packet_writer *writer, const void *octets, size_t len)
{
    if (writer->lost
        || !array_grow(&writer->octets, &writer->size, REPLIES,
                       writer->len + len)) {
        writer->lost = true;
        return;
    }
    memcpy(writer->octets + writer->len, octets, len);
    writer->len += len;
}

void
packet_put_number(struct packet_writer *writer, uint32_t number)
{
    number = htonl(number);
    put(writer, &number, sizeof number);
}

void
packet_put_string(struct packet_writer *writer, const char *text)
{
    put(writer, text, strlen(text) + 1);
}

void
packet_begin(struct packet_writer *writer, char command)
{
    writer->start = writer->len;
    packet_put_number(writer, 0);
    put(writer, &command, 1);
}

void
packet_end(struct packet_writer *writer)
{
    uint32_t len = htonl((uint32_t)(writer->len - writer->start - LENGTH));

    if (!writer->lost)
        memcpy(writer->octets + writer->start, &len, sizeof len);
}

void
packet_write(struct packet_writer *writer, char command, const char *first,
             const char *second)
{
    packet_begin(writer, command);
    if (first != NULL)
        packet_put_string(writer, first);
    if (second != NULL)
        packet_put_string(writer, second);
    packet_end(writer);
}

void
packet_take_back(struct packet_writer *writer, size_t len)
{
    writer->len = len;
    writer->lost = false;
}

void
packet_sent(struct packet_writer *writer)
{
    writer->len = 0;
    shrink(&writer->octets, &writer->size);
}

void
packet_writer_clear(struct packet_writer *writer)
{
    free(writer->octets);
    *writer = (struct packet_writer){0};
}
