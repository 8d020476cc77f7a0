/* netstring.c - see netstring.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "netstring.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "clock.h"
#include "receive.h"

bool
netstring_waiting(const struct netstring_reader *reader)
{
    return reader->end > reader->start;
}

/* Take the length and its colon. *body is where the content begins. */
static enum netstring_status
parse_head(const struct netstring_reader *reader, size_t *body, size_t *len)
{
    size_t i = reader->start;

    *len = 0;
    for (; i < reader->end && reader->text[i] != ':'; i++) {
        char c = reader->text[i];

        if (c < '0' || c > '9' || (i > reader->start && *len == 0))
            return NETSTRING_BAD; /* no number, or one with a leading zero */
        *len = *len * 10 + (size_t)(c - '0');
        if (*len > NETSTRING_MAX)
            return NETSTRING_BAD;
    }
    if (i == reader->end)
        return NETSTRING_LATE;
    *body = i + 1;
    return i > reader->start ? NETSTRING_OK : NETSTRING_BAD;
}

/* NETSTRING_LATE: it is not all there yet. */
static enum netstring_status
parse(struct netstring_reader *reader, char **text, size_t *len)
{
    size_t body = 0;
    enum netstring_status status = parse_head(reader, &body, len);

    if (status != NETSTRING_OK)
        return status;
    if (reader->end - body <= *len)
        return NETSTRING_LATE;
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

static enum netstring_status
fill(struct netstring_reader *reader, int64_t deadline)
{
    size_t got = receive(reader->fd, reader->text + reader->end,
                         sizeof reader->text - reader->end, deadline);

    if (got == 0)
        return deadline == 0 ? NETSTRING_END : NETSTRING_LATE;
    reader->end += got;
    return NETSTRING_OK;
}

enum netstring_status
netstring_read(struct netstring_reader *reader, int seconds, char **text,
               size_t *len)
{
    enum netstring_status status = NETSTRING_OK;
    int64_t deadline = 0;

    make_room(reader);
    if (!netstring_waiting(reader))
        status = fill(reader, 0);
    if (status != NETSTRING_OK)
        return status;
    deadline = sdr_clock() + (int64_t)seconds * 1000;
    while ((status = parse(reader, text, len)) == NETSTRING_LATE) {
        if (fill(reader, deadline) != NETSTRING_OK)
            return NETSTRING_LATE;
    }
    return status;
}

bool
netstring_write(int fd, const char *text, size_t len)
{
    char head[24], comma[] = ",";
    struct iovec parts[] = {
        {head, (size_t)snprintf(head, sizeof head, "%zu:", len)},
        {(char *)(uintptr_t)text, len},
        {comma, 1},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};

    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        while (message.msg_iovlen > 0
               && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base =
                (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return true;
}
