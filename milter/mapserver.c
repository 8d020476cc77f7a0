/* mapserver.c - see mapserver.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mapserver.h"

#include "map.h"
#include "netstring.h"
#include "say.h"
#include "service.h"

enum {
    CLIENTS_MAX = 1000,
    PATIENCE = 10, /* seconds */
};

static void
complain(enum netstring_status status)
{
    switch (status) {
    case NETSTRING_OK:
    case NETSTRING_END:
        return;
    case NETSTRING_LATE:
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

static bool
answer_one(int fd, struct map_session *session, const char *text, size_t len)
{
    char answer[MAP_ANSWER_MAX];
    struct sdr *sdr = service_get();
    size_t answer_len =
        map_answer(sdr, session, service_is_verbose(), text, len, answer);

    sdr_close(&sdr);
    if (netstring_write(fd, answer, answer_len))
        return true;
    say(LOG_WARNING, "map-socket: a client did not take its answer");
    return false;
}

static void
converse(struct client *client)
{
    struct netstring_reader reader = {.fd = client->fd};
    struct map_session session = {""};
    enum netstring_status status;
    char *text = NULL;
    size_t len;

    do {
        if (!netstring_waiting(&reader))
            client_waits(client);
        status = netstring_read(&reader, PATIENCE, &text, &len);
        client_asks(client);
    } while (status == NETSTRING_OK
             && answer_one(client->fd, &session, text, len));
    complain(status);
}

/* It asks no directory and leaves no line in the log. */
static const char question[] = "7:Alias0 ,";

const struct server_manner mapserver = {
    .name = "map-socket",
    .clients_max = CLIENTS_MAX,
    .sends_away = true,
    .patience_send = PATIENCE,
    .converse = converse,
    .question = question,
    .question_len = sizeof question - 1,
};
