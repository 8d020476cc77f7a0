/* receive.c - see receive.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/receive.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "net/clock.h"

size_t
receive(int fd, char *room, size_t len, int64_t deadline)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left = deadline == 0 ? -1 : deadline - sdr_clock();
    ssize_t got;

    if (deadline != 0 && (left <= 0 || poll(&wait, 1, (int)left) <= 0))
        return 0;
    do {
        got = recv(fd, room, len, 0);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}
