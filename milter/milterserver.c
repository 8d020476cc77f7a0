/* milterserver.c - see milterserver.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "milterserver.h"

#include "say.h"
#include "session.h"
#include "stream.h"

enum {
    CLIENTS_MAX = 2000,
    PATIENCE = 60, /* seconds, for the rest of a packet or of an answer */
    PATIENCE_IDLE =
        7210, /* between packets: that of an SMTP client, and more */
};

static void
complain(enum stream_status status)
{
    switch (status) {
    case STREAM_OK:
    case STREAM_END:
        return;
    case STREAM_LATE:
        say(LOG_WARNING, "socket: an MTA stopped within a packet");
        return;
    case STREAM_DEAF:
        say(LOG_WARNING, "socket: an MTA did not take its answer");
        return;
    case STREAM_BAD:
        say(LOG_WARNING,
            "socket: somebody does not speak the milter protocol, or sends "
            "more than %d octets at once",
            PACKET_MAX);
        return;
    }
}

static void
converse(struct client *client)
{
    struct session session = {0};
    struct packet_reader reader = {0};
    enum stream_status status = STREAM_OK;
    enum session_end end = SESSION_GOES_ON;
    struct packet packet;

    while (end == SESSION_GOES_ON && status == STREAM_OK) {
        status = stream_read(client->fd, &reader, PATIENCE, &session.mta.told,
                             &packet);
        if (status == STREAM_OK)
            end = session_take(&session, &packet);
    }
    if (status == STREAM_OK)
        status = stream_send(client->fd, &session.mta.told);
    complain(end == SESSION_BROKEN ? STREAM_BAD : status);
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
