/* alive.c - see alive.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "alive.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

static bool
ask(int fd, const char *path, const char *question, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    char octet;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0
           && send(fd, question, len, MSG_NOSIGNAL) == (ssize_t)len
           && poll(&answer, 1, PATIENCE_MS) == 1
           && recv(fd, &octet, sizeof octet, 0) == (ssize_t)sizeof octet;
}

bool
alive_at(const char *path, const char *question, size_t len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive;

    if (fd < 0)
        return false;
    alive = ask(fd, path, question, len);
    close(fd);
    return alive;
}
