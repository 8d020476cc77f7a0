/* stream.c - see stream.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "net/clock.h"
#include "protocol/receive.h"

enum stream_status
stream_send(int fd, struct packet_writer *replies)
{
    size_t done = 0;

    while (done < replies->len) {
        ssize_t sent =
            send(fd, replies->octets + done, replies->len - done, MSG_NOSIGNAL);

        if (sent >= 0)
            done += (size_t)sent;
        else if (errno == EAGAIN)
            return STREAM_DEAF;
        else if (errno != EINTR)
            return STREAM_END;
    }
    packet_sent(replies);
    return STREAM_OK;
}

static enum stream_status
fill(int fd, struct packet_reader *reader, int64_t deadline)
{
    size_t len, got;
    char *room;

    if (!packet_make_room(reader, &room, &len))
        return STREAM_BAD;
    got = receive(fd, room, len, deadline);
    if (got == 0)
        return deadline == 0 ? STREAM_END : STREAM_LATE;
    packet_came(reader, got);
    return STREAM_OK;
}

enum stream_status
stream_read(int fd, struct packet_reader *reader, int seconds,
            struct packet_writer *replies, struct packet *packet)
{
    enum stream_status status;
    enum packet_status found;
    int64_t deadline = 0;

    while ((found = packet_take(reader, packet)) == PACKET_PART) {
        status = stream_send(fd, replies);
        if (status != STREAM_OK)
            return status;
        if (deadline == 0 && packet_waiting(reader))
            deadline = sdr_clock() + (int64_t)seconds * 1000;
        status = fill(fd, reader, deadline);
        if (status != STREAM_OK)
            return status;
    }
    return found == PACKET_OK ? STREAM_OK : STREAM_BAD;
}
