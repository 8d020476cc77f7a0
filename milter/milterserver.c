/* milterserver.c - see milterserver.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "milterserver.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "clock.h"
#include "packet.h"
#include "say.h"
#include "session.h"

enum {
    CLIENTS_MAX = 2000,
    PATIENCE = 60, /* seconds, for the rest of a packet or of an answer */
    PATIENCE_IDLE =
        7210, /* between packets: that of an SMTP client, and more */
};

/* Read what there is; wait until DEADLINE, or PATIENCE_IDLE if that is 0.
 * False at the end. */
static bool
read_more(int fd, struct packet_reader *reader, int64_t deadline)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left = deadline == 0 ? -1 : deadline - sdr_clock();
    size_t room;
    char *at;
    ssize_t got;

    if (deadline != 0 && (left <= 0 || poll(&wait, 1, (int)left) <= 0))
        return false;
    if (!packet_make_room(reader, &at, &room))
        return false;
    do {
        got = recv(fd, at, room, 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    packet_came(reader, (size_t)got);
    return true;
}

static bool
send_all(int fd, struct packet_writer *told)
{
    size_t done = 0;

    while (done < told->len) {
        ssize_t sent =
            send(fd, told->octets + done, told->len - done, MSG_NOSIGNAL);

        if (sent > 0)
            done += (size_t)sent;
        else if (sent == 0 || errno != EINTR)
            return false;
    }
    packet_sent(told);
    return true;
}

/* The next packet. What was told is sent before we wait for the peer. */
static enum packet_status
next_packet(int fd, struct packet_reader *reader, struct packet_writer *told,
            struct packet *packet)
{
    enum packet_status status;
    int64_t deadline = 0;

    while ((status = packet_take(reader, packet)) == PACKET_PART) {
        if (!send_all(fd, told)) {
            say(LOG_WARNING, "socket: an MTA did not take its answer");
            return PACKET_PART;
        }
        if (packet_waiting(reader) && deadline == 0)
            deadline = sdr_clock() + (int64_t)PATIENCE * 1000;
        if (!read_more(fd, reader, deadline)) {
            if (packet_waiting(reader))
                say(LOG_WARNING, "socket: an MTA stopped within a packet");
            return PACKET_PART;
        }
    }
    return status;
}

static void
converse(struct client *client)
{
    struct session session = {0};
    struct packet_reader reader = {0};
    enum session_end end = SESSION_GOES_ON;
    enum packet_status status;
    struct packet packet;

    while (end == SESSION_GOES_ON
           && (status =
                   next_packet(client->fd, &reader, &session.mta.told, &packet))
                  != PACKET_PART)
        end = status == PACKET_OK ? session_take(&session, &packet)
                                  : SESSION_BROKEN;
    if (end == SESSION_BROKEN)
        say(LOG_WARNING, "socket: somebody does not speak the milter protocol: "
                         "left");
    (void)send_all(client->fd, &session.mta.told);
    packet_reader_clear(&reader);
    session_clear(&session);
}

/* What an MTA says first: version 6, all actions, all steps. Then QUIT. */
static const char question[] = "\0\0\0\015O\0\0\0\6\0\0\1\377\0\37\377\377"
                               "\0\0\0\1Q";

const struct server_manner milterserver = {
    .name = "socket",
    .clients_max = CLIENTS_MAX,
    .patience_send = PATIENCE,
    .patience_idle = PATIENCE_IDLE,
    .converse = converse,
    .question = question,
    .question_len = sizeof question - 1,
};
