/* connect.c - see connect.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/resolve.h"

/* TCP keepalive, which detects a lost peer on an idle connection (seconds,
 * seconds, probes). */
enum { KEEPALIVE_IDLE = 60, KEEPALIVE_INTERVAL = 15, KEEPALIVE_PROBES = 4 };

static void
set(int fd, int level, int option, int value)
{
    /* Not essential: failures are ignored. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void
set_options(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

void
sdr_connect_limit_silence(int fd, unsigned ms)
{
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)ms);
}

/* Wait for the end of a connect. Returns 0, or its errno. */
static int
await(int fd, int64_t deadline)
{
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int64_t left;
    int result = ETIMEDOUT;
    socklen_t len = sizeof result;

    while ((left = deadline - sdr_clock()) > 0) {
        int n = poll(&waiting, 1, left > 60000 ? 60000 : (int)left);

        if (n > 0)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &len) == 0
                       ? result
                       : errno;
        if (n < 0 && errno != EINTR)
            return errno;
    }
    return ETIMEDOUT;
}

/* Returns 0 and the socket, or an errno. */
static int
connect_one(const struct sockaddr *address, socklen_t len, int64_t deadline,
            int *fd)
{
    int s = socket(address->sa_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result = 0;

    if (s < 0)
        return errno;
    set_options(s);
    if (connect(s, address, len) < 0)
        result = errno == EINPROGRESS ? await(s, deadline) : errno;
    if (result != 0)
        close(s);
    else
        *fd = s;
    return result;
}

static void
report(const struct sockaddr *address, socklen_t len, int number,
       struct sdr_error *error)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";

    getnameinfo(address, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    sdr_error_set(error, "connect to %s port %s: %s", host, port,
                  number == ETIMEDOUT ? "timed out" : strerror(number));
}

enum sdr_status
sdr_connect_address(const struct sockaddr *address, socklen_t len,
                    int64_t deadline, int *fd, struct sdr_error *error)
{
    int result = connect_one(address, len, deadline, fd);

    if (result == 0)
        return SDR_OK;
    report(address, len, result, error);
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_connect(const char *host, uint16_t port, int64_t deadline, int *fd,
            struct sdr_error *error)
{
    struct sdr_addresses addresses;
    enum sdr_status status =
        sdr_resolve(host, port, deadline, &addresses, error);

    for (unsigned i = 0; status == SDR_OK && i < addresses.count; i++) {
        const struct sockaddr *address =
            (const struct sockaddr *)&addresses.items[i].address;
        int64_t now = sdr_clock();
        int64_t share = (deadline - now) / (addresses.count - i);

        if (sdr_connect_address(address, addresses.items[i].len, now + share,
                                fd, error)
            == SDR_OK)
            return SDR_OK;
    }
    return SDR_TEMPFAIL;
}

/* How long to wait before a new attempt if the server's queue is full: the
 * kernel does not wait on a non-blocking socket. */
enum { QUEUE_FULL_MS = 20 };

enum sdr_status
sdr_connect_unix(const char *path, int64_t deadline, int *fd,
                 struct sdr_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s, result = EAGAIN;

    if (strlen(path) >= sizeof address.sun_path) {
        sdr_error_set(error, "connect to %s: the path is too long", path);
        return SDR_TEMPFAIL;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    while (s >= 0 && result == EAGAIN && sdr_clock() < deadline) {
        result =
            connect(s, (const struct sockaddr *)&address, sizeof address) < 0
                ? errno
                : 0;
        if (result == EAGAIN)
            poll(NULL, 0, QUEUE_FULL_MS);
    }
    if (s >= 0 && result == 0) {
        *fd = s;
        return SDR_OK;
    }
    sdr_error_set(error, "connect to %s: %s", path,
                  s < 0 ? strerror(errno) : strerror(result));
    if (s >= 0)
        close(s);
    return SDR_TEMPFAIL;
}
