/* engine.c - see engine.h: our own engine
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An MTA has a connection for each SMTP session, as long as that lasts, and
 * each connection has a thread. It is never closed to make room: the session's
 * next message would be deferred. When there are too many, an MTA waits in the
 * backlog, and defers its message if that takes too long.
 *
 * Why not libmilter, which ../libmilter/ has as well? Through Postfix, one
 * recipient, sessions kept, against no milter at all: this engine 0.86, a
 * filter on libmilter that does nothing 0.68. It reads with one system call and
 * answers with one, all edits of a message together, where libmilter polls,
 * reads a length, polls, reads the rest, and gives each step to another thread.
 * And these of libmilter's traps do not exist here:
 *   - Peers that speak at once are left to the one idle thread, and wait for
 *     each other's directory.
 *   - It ends within five seconds, on locks that it has destroyed.
 *   - SIGHUP is its own, and ends the program.
 *   - What commands may follow each other is one table of the process: the
 *     steps that one MTA leaves out are left out for all.
 *   - Macros of a recipient stay for the next one, if that has none.
 *   - Half a packet holds a thread for two hours.
 *   - It takes all processor time while there are no file descriptors left.
 *   - A macro without a value makes it read what is not its own.
 */
#include "engine.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "protocol/negotiation.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "say.h"
#include "server.h"

const char engine_name[] = "";
const bool engine_ends_on_hangup = false;

enum {
    SESSIONS_MAX = 2000,  /* descriptors.c allows no more */
    PATIENCE = 60,        /* seconds, for the rest of a packet or a reply */
    PATIENCE_IDLE = 7210, /* between packets: more than an SMTP client's */
};

static void
complain(enum stream_status status)
{
    switch (status) {
    case STREAM_OK:
    case STREAM_END:
        return;
    case STREAM_LATE:
        say(LOG_WARNING, "socket: a mail server stopped within a packet");
        return;
    case STREAM_DEAF:
        say(LOG_WARNING, "socket: a mail server did not take its answer");
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
set_patience(int fd, int option, int seconds)
{
    const struct timeval patience = {.tv_sec = seconds};

    setsockopt(fd, SOL_SOCKET, option, &patience, sizeof patience);
}

static void
converse(int fd)
{
    struct session session = {0};
    struct packet_reader reader = {0};
    enum stream_status status = STREAM_OK;
    enum session_end end = SESSION_GOES_ON;
    struct packet packet;

    set_patience(fd, SO_SNDTIMEO, PATIENCE);
    set_patience(fd, SO_RCVTIMEO, PATIENCE_IDLE);
    while (end == SESSION_GOES_ON && status == STREAM_OK) {
        status =
            stream_read(fd, &reader, PATIENCE, &session.mta.replies, &packet);
        if (status == STREAM_OK)
            end = session_take(&session, &packet);
    }
    if (status == STREAM_OK)
        status = stream_send(fd, &session.mta.replies);
    complain(end == SESSION_BROKEN ? STREAM_BAD : status);
    packet_reader_clear(&reader);
    session_clear(&session);
}

/* Serve a session, which lasts as long as its SMTP session, as does the thread.
 * A self-probe is short. */
static enum turn
serve(struct client *client, bool may_wait)
{
    if (!may_wait && !client->is_self_probe)
        return TURN_WAITS;
    converse(client->fd);
    return TURN_ENDS;
}

static const struct server_manner manner = {
    .name = "socket",
    .client_size = sizeof(struct client),
    .waiting_max = SESSIONS_MAX,
    .patience_first = PATIENCE_IDLE,
    .serve = serve,
    .question = NEGOTIATION_QUESTION,
    .question_len = sizeof NEGOTIATION_QUESTION - 1,
};

/* ---- the engine ---- */

static struct server *server; /* NULL: none */

bool
engine_open(const struct sdr_milter_options *options)
{
    server = server_open(&manner, options->socket, options);
    return server != NULL;
}

bool
engine_start(unsigned clients_max)
{
    return server_start(server, clients_max);
}

bool
engine_is_alive(void)
{
    return server_is_alive(server);
}

bool
engine_end(void)
{
    return server_end(&server);
}
