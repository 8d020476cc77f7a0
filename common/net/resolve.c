/* resolve.c - see resolve.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <ares.h>

#include "net/clock.h"

/* Limits for the time to wait for a name server before the next is asked, in
 * milliseconds. c-ares asks all servers TRIES times and doubles the time each
 * round. With three name servers all rounds fit into the deadline, so one that
 * never answers for AAAA does not lose the A records that another returned. */
enum { TRY_MS_MIN = 100, TRY_MS_MAX = 1000, TRIES = 3, SERVERS = 3 };

struct question {
    bool answered;
    int status;
    struct sdr_addresses *addresses;
};

void
sdr_resolve_init(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

/* Parse an IPv4 address. c-ares 1.18 would ask name servers for the AAAA of
 * "192.0.2.1". */
static bool
read_address(const char *host, uint16_t port, struct sdr_addresses *to)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        return false;
    memcpy(&to->items[0].address, &v4, sizeof v4);
    to->items[0].len = sizeof v4;
    to->count = 1;
    return true;
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct question *question = arg;
    struct sdr_addresses *to = question->addresses;

    (void)timeouts;
    question->answered = true;
    question->status = status;
    if (status != ARES_SUCCESS)
        return;
    for (const struct ares_addrinfo_node *n = result->nodes;
         n != NULL && to->count < SDR_ADDRESSES_MAX; n = n->ai_next) {
        if ((size_t)n->ai_addrlen > sizeof to->items[0].address)
            continue;
        memcpy(&to->items[to->count].address, n->ai_addr, n->ai_addrlen);
        to->items[to->count++].len = n->ai_addrlen;
    }
    ares_freeaddrinfo(result);
}

/* Returns the milliseconds until c-ares or the caller has to act. */
static int
patience(ares_channel channel, int64_t deadline)
{
    struct timeval most = sdr_clock_left(deadline), space;
    struct timeval *wait = ares_timeout(channel, &most, &space);

    return (int)(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
}

/* Called by c-ares when the events that it waits for on a socket change; none
 * before it closes the socket. */
static void
on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct sdr_resolve_sockets *sockets = arg;
    struct pollfd *items = sockets->items;
    nfds_t i = 0;

    while (i < sockets->count && items[i].fd != fd)
        i++;
    if (readable || writable) {
        if (i == SDR_RESOLVE_SOCKETS_MAX)
            return;
        items[i] =
            (struct pollfd){.fd = fd,
                            .events = (short)((readable ? POLLIN : 0)
                                              | (writable ? POLLOUT : 0))};
        if (i == sockets->count)
            sockets->count++;
    } else if (i < sockets->count) {
        items[i] = items[--sockets->count];
    }
}

bool
sdr_resolve_open(ares_channel *channel, struct sdr_resolve_sockets *sockets,
                 int timeout, int tries, int flags)
{
    struct ares_options options = {.timeout = timeout,
                                   .tries = tries,
                                   .flags = flags,
                                   .sock_state_cb = on_socket,
                                   .sock_state_cb_data = sockets};

    sockets->count = 0;
    return ares_init_options(channel, &options,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
                                 | ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB)
           == ARES_SUCCESS;
}

/* Wait once for the sockets of c-ares, and process them. c-ares changes the
 * list of sockets as it does so. */
static void
turn(ares_channel channel, const struct sdr_resolve_sockets *sockets,
     int64_t deadline)
{
    struct sdr_resolve_sockets waiting = *sockets;

    if (poll(waiting.items, waiting.count, patience(channel, deadline)) <= 0) {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        return;
    }
    for (nfds_t i = 0; i < waiting.count; i++) {
        const struct pollfd *item = &waiting.items[i];
        bool in = (item->revents & ~POLLOUT) != 0;
        bool out = (item->revents & POLLOUT) != 0;

        ares_process_fd(channel, in ? item->fd : ARES_SOCKET_BAD,
                        out ? item->fd : ARES_SOCKET_BAD);
    }
}

void
sdr_resolve_wait(ares_channel channel,
                 const struct sdr_resolve_sockets *sockets, const bool *done,
                 int64_t deadline)
{
    while (!*done && sdr_clock() < deadline)
        turn(channel, sockets, deadline);
}

static int
try_ms(int64_t deadline)
{
    int64_t share = (deadline - sdr_clock()) / (SERVERS << TRIES);

    if (share < TRY_MS_MIN)
        return TRY_MS_MIN;
    return share > TRY_MS_MAX ? TRY_MS_MAX : (int)share;
}

static void
ask(ares_channel channel, const struct sdr_resolve_sockets *sockets,
    const char *host, const char *service, int64_t deadline,
    struct question *question)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                              .ai_flags = ARES_AI_NUMERICSERV,
                                              .ai_socktype = SOCK_STREAM};

    question->answered = false;
    ares_getaddrinfo(channel, host, service, &hints, on_answer, question);
    sdr_resolve_wait(channel, sockets, &question->answered, deadline);
}

static const char *
reason(const struct question *question)
{
    if (!question->answered || question->status == ARES_ETIMEOUT)
        return "no name server answered in time";
    if (question->status == ARES_SUCCESS || question->status == ARES_ENODATA)
        return "the name has no address";
    if (question->status == ARES_ENOTFOUND)
        return "no such host";
    return ares_strerror(question->status);
}

enum sdr_status
sdr_resolve(const char *host, uint16_t port, int64_t deadline,
            struct sdr_addresses *addresses, struct sdr_error *error)
{
    struct sdr_resolve_sockets sockets;
    struct question question = {.addresses = addresses};
    ares_channel channel;
    char service[8];

    addresses->count = 0;
    if (read_address(host, port, addresses))
        return SDR_OK;
    if (!sdr_resolve_open(&channel, &sockets, try_ms(deadline), TRIES, 0)) {
        sdr_error_set(error, "%s: cannot set up the resolver", host);
        return SDR_TEMPFAIL;
    }
    snprintf(service, sizeof service, "%u", (unsigned)port);
    do
        ask(channel, &sockets, host, service, deadline, &question);
    while (question.answered && question.status == ARES_ETIMEOUT
           && sdr_clock() < deadline);
    if (addresses->count == 0)
        sdr_error_set(error, "%s: %s", host, reason(&question));
    ares_destroy(channel);
    return addresses->count > 0 ? SDR_OK : SDR_TEMPFAIL;
}
