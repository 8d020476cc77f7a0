/* netstring.c - see netstring.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "netstring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

bool
netstring_waiting(const struct netstring_reader *reader)
{
    return reader->end > reader->start;
}

/* Parse the length and the colon. *BODY is the beginning of the content. */
static enum netstring_status
parse_head(const struct netstring_reader *reader, size_t *body, size_t *len)
{
    size_t i = reader->start;

    *len = 0;
    for (; i < reader->end && reader->text[i] != ':'; i++) {
        char c = reader->text[i];

        if (c < '0' || c > '9' || (i > reader->start && *len == 0))
            return NETSTRING_BAD; /* not a number, or a leading zero */
        *len = *len * 10 + (size_t)(c - '0');
        if (*len > NETSTRING_MAX)
            return NETSTRING_BAD;
    }
    if (i == reader->end)
        return NETSTRING_PART;
    *body = i + 1;
    return i > reader->start ? NETSTRING_OK : NETSTRING_BAD;
}

enum netstring_status
netstring_take(struct netstring_reader *reader, char **text, size_t *len)
{
    size_t body = 0;
    enum netstring_status status = parse_head(reader, &body, len);

    if (status != NETSTRING_OK)
        return status;
    if (reader->end - body <= *len)
        return NETSTRING_PART;
    if (reader->text[body + *len] != ',')
        return NETSTRING_BAD;
    *text = reader->text + body;
    (*text)[*len] = '\0';
    reader->start = body + *len + 1;
    return NETSTRING_OK;
}

static void
make_room(struct netstring_reader *reader)
{
    reader->end -= reader->start;
    memmove(reader->text, reader->text + reader->start, reader->end);
    reader->start = 0;
}

enum netstring_status
netstring_receive(struct netstring_reader *reader)
{
    ssize_t got;

    make_room(reader);
    do {
        got = recv(reader->fd, reader->text + reader->end,
                   sizeof reader->text - reader->end, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return NETSTRING_PART;
    if (got <= 0)
        return netstring_waiting(reader) ? NETSTRING_CUT : NETSTRING_END;
    reader->end += (size_t)got;
    return NETSTRING_OK;
}

size_t
netstring_format(char *octets, const char *text, size_t len)
{
    size_t head = (size_t)snprintf(octets, NETSTRING_FRAME, "%zu:", len);

    memcpy(octets + head, text, len);
    octets[head + len] = ',';
    return head + len + 1;
}
