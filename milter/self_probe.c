/* self_probe.c - see self_probe.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "self_probe.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

static bool
has_answer(int fd)
{
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    char octet;

    return poll(&answer, 1, PATIENCE_MS) == 1
           && recv(fd, &octet, sizeof octet, 0) == (ssize_t)sizeof octet;
}

bool
self_probe_is_answered(void (*hand)(void *arg, int fd), void *arg,
                       const char *question, size_t len)
{
    int fds[2]; /* ours, theirs */
    bool answered;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return false;
    answered = send(fds[0], question, len, MSG_NOSIGNAL) == (ssize_t)len;
    hand(arg, fds[1]);
    answered = answered && has_answer(fds[0]);
    close(fds[0]);
    return answered;
}
