/* socketmap_server.c - see socketmap_server.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "socketmap_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "net/clock.h"
#include "socketmap.h"
#include "netstring.h"
#include "say.h"
#include "configuration.h"

enum {
    WAITING_MAX = 1000, /* concurrent queries to a directory */
    PATIENCE_MS = 10 * 1000,
};

struct socketmap_client {
    struct client client; /* must be first */
    struct netstring_reader reader;
    struct socketmap_session session;
    char *question; /* received, not answered; NULL: none. In the reader */
    size_t question_len;
    char *unsent; /* rest of an answer; NULL: none */
    size_t unsent_start, unsent_end;
};

static void
complain(enum netstring_status status)
{
    switch (status) {
    case NETSTRING_OK:
    case NETSTRING_PART:
    case NETSTRING_END:
        return;
    case NETSTRING_CUT:
        say(LOG_WARNING, "map-socket: a client stopped within a question");
        return;
    case NETSTRING_BAD:
        say(LOG_WARNING,
            "map-socket: a client sent no netstring, or one of "
            "more than %d octets",
            NETSTRING_MAX);
        return;
    }
}

/* ---- answers ---- */

/* Returns how many octets were sent; -1 if the client is lost. */
static ssize_t
send_now(int fd, const char *octets, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t sent =
            send(fd, octets + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0 && errno != EINTR)
            return -1;
        done += sent > 0 ? (size_t)sent : 0;
    }
    return (ssize_t)done;
}

/* Log a lost client; not our own probe, which gives up after a second. */
static void
say_lost(const struct socketmap_client *map)
{
    if (!map->client.is_self_probe)
        say(LOG_WARNING, "map-socket: a client did not take its answer");
}

static bool
keep(struct socketmap_client *map, const char *octets, size_t len)
{
    map->unsent = malloc(len);
    if (map->unsent == NULL)
        return false;
    memcpy(map->unsent, octets, len);
    map->unsent_start = 0;
    map->unsent_end = len;
    return true;
}

/* False if the client is lost. */
static bool
send_answer(struct socketmap_client *map, const char *octets, size_t len)
{
    ssize_t sent = send_now(map->client.fd, octets, len);

    if (sent < 0)
        return false;
    return (size_t)sent == len || keep(map, octets + sent, len - (size_t)sent);
}

/* False if the client is lost. */
static bool
send_rest(struct socketmap_client *map)
{
    ssize_t sent = send_now(map->client.fd, map->unsent + map->unsent_start,
                            map->unsent_end - map->unsent_start);

    if (sent < 0)
        return false;
    map->unsent_start += (size_t)sent;
    if (map->unsent_start < map->unsent_end)
        return true;
    free(map->unsent);
    map->unsent = NULL;
    map->client.deadline = 0;
    return true;
}

static bool
answer_one(struct socketmap_client *map, struct sdr *sdr)
{
    char answer[SOCKETMAP_ANSWER_MAX];
    char octets[NETSTRING_FRAME + SOCKETMAP_ANSWER_MAX];
    size_t len =
        socketmap_answer(sdr, &map->session, configuration_is_verbose(),
                         map->question, map->question_len, answer);

    map->question = NULL;
    map->client.deadline = 0;
    return send_answer(map, octets, netstring_format(octets, answer, len));
}

/* ---- questions ---- */

/* Find the query that waits, or the next one. Receives only once, so that other
 * clients are served too. */
static enum netstring_status
next_question(struct socketmap_client *map, bool *received)
{
    enum netstring_status status;

    if (map->question != NULL)
        return NETSTRING_OK;
    status = netstring_take(&map->reader, &map->question, &map->question_len);
    if (status != NETSTRING_PART || *received)
        return status;
    *received = true;
    status = netstring_receive(&map->reader);
    if (status != NETSTRING_OK)
        return status;
    return netstring_take(&map->reader, &map->question, &map->question_len);
}

static enum turn
answer_next(struct socketmap_client *map, bool may_wait)
{
    struct sdr *sdr = configuration_get();
    bool waits = !may_wait
                 && socketmap_needs_directory(sdr, &map->session, map->question,
                                              map->question_len);
    bool sent = waits || answer_one(map, sdr);

    sdr_close(&sdr);
    if (!sent)
        say_lost(map);
    return !sent ? TURN_ENDS : waits ? TURN_WAITS : TURN_RESTS;
}

/* Leave the client idle. Limits the time in which it may stop inside a query,
 * or not read its answer. */
static enum turn
let_rest(struct socketmap_client *map)
{
    struct client *client = &map->client;

    client->must_take = map->unsent != NULL;
    if (!client->must_take && !netstring_waiting(&map->reader))
        client->deadline = 0;
    else if (client->deadline == 0)
        client->deadline = sdr_clock() + PATIENCE_MS;
    return TURN_RESTS;
}

static enum turn
serve(struct client *client, bool may_wait)
{
    struct socketmap_client *map = (struct socketmap_client *)client;
    enum turn turn = TURN_RESTS;
    bool received = false;

    map->reader.fd = client->fd;
    if (map->unsent != NULL && !send_rest(map)) {
        say_lost(map);
        return TURN_ENDS;
    }
    while (turn == TURN_RESTS && map->unsent == NULL) {
        enum netstring_status status = next_question(map, &received);

        if (status == NETSTRING_PART)
            break;
        complain(status);
        turn = status == NETSTRING_OK ? answer_next(map, may_wait) : TURN_ENDS;
    }
    return turn == TURN_RESTS ? let_rest(map) : turn;
}

static void
forget(struct client *client)
{
    free(((struct socketmap_client *)client)->unsent);
}

/* A query that uses no directory and is not logged. */
static const char question[] = "7:Alias0 ,";

const struct server_manner socketmap_server = {
    .name = "map-socket",
    .client_size = sizeof(struct socketmap_client),
    .waiting_max = WAITING_MAX,
    .sends_away = true,
    .serve = serve,
    .forget = forget,
    .question = question,
    .question_len = sizeof question - 1,
};
