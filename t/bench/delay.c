/* delay.c - a proxy that delays requests, as if the server were far away
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: delay PORT SERVER-PORT <MILLISECONDS
 *
 * Both ports are on 127.0.0.1. What a client sends reaches the server after the
 * delay; any amount of data can be delayed at the same time. Answers are not
 * delayed, so the delay is that of a round trip. Each line of standard input
 * sets a new delay. At its end the program exits.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 65536, MILLISECOND = 1000000 };

/* One side of a proxied connection. */
struct end {
    struct pair *pair;
    int fd;
    bool is_client;
    bool has_ended;
};

/* A proxied connection. It is freed when both sides have ended and no parcel is
 * left. */
struct pair {
    struct end client, server;
    unsigned under_way; /* parcels on the road */
};

/* Delayed data of a client; with length 0 its end of file. All have the same
 * delay, so they are delivered in the order of the list. */
struct parcel {
    STAILQ_ENTRY(parcel) next;
    struct pair *pair;
    int64_t due;
    size_t len;
    char text[];
};

static STAILQ_HEAD(parcels, parcel) road = STAILQ_HEAD_INITIALIZER(road);
static int64_t delay;
static int poller, listener;
static in_port_t server_port;

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 * MILLISECOND + t.tv_nsec;
}

_Noreturn static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static void
watch(int fd, void *whom)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = whom};

    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("delay: epoll_ctl");
}

static struct sockaddr_in
loopback(in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void
quicken(int fd)
{
    int one = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        fail("delay: TCP_NODELAY");
}

static void
welcome(void)
{
    struct sockaddr_in address = loopback(server_port);
    struct pair *pair = calloc(1, sizeof *pair);

    if (pair == NULL)
        fail("delay");
    pair->client =
        (struct end){pair, accept(listener, NULL, NULL), true, false};
    pair->server = (struct end){
        pair, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), false, false};
    if (pair->client.fd < 0 || pair->server.fd < 0
        || connect(pair->server.fd, (struct sockaddr *)&address, sizeof address)
               != 0)
        fail("delay: connection");
    quicken(pair->client.fd);
    quicken(pair->server.fd);
    watch(pair->client.fd, &pair->client);
    watch(pair->server.fd, &pair->server);
}

/* Send the text. Ignores errors: recv() reports a closed connection too. */
static void
deliver(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t done = send(fd, text, len, MSG_NOSIGNAL);

        if (done < 0)
            return;
        text += done;
        len -= (size_t)done;
    }
}

static void
set_out(struct pair *pair, const char *text, size_t len)
{
    struct parcel *parcel = malloc(sizeof *parcel + len);

    if (parcel == NULL)
        fail("delay");
    parcel->pair = pair;
    parcel->due = now() + delay;
    parcel->len = len;
    memcpy(parcel->text, text, len);
    pair->under_way++;
    STAILQ_INSERT_TAIL(&road, parcel, next);
}

static void
end_pair(struct pair *pair)
{
    if (!pair->client.has_ended || !pair->server.has_ended
        || pair->under_way > 0)
        return;
    close(pair->client.fd);
    close(pair->server.fd);
    free(pair);
}

static void
stop_hearing(struct end *end)
{
    end->has_ended = true;
    epoll_ctl(poller, EPOLL_CTL_DEL, end->fd, NULL);
    if (end->is_client)
        set_out(end->pair, "", 0);
    else
        shutdown(end->pair->client.fd, SHUT_WR);
    end_pair(end->pair);
}

static void
hear(struct end *end)
{
    static char text[ROOM];
    ssize_t len = recv(end->fd, text, sizeof text, 0);

    if (len <= 0)
        stop_hearing(end);
    else if (end->is_client)
        set_out(end->pair, text, (size_t)len);
    else
        deliver(end->pair->client.fd, text, (size_t)len);
}

/* Deliver the parcels that are due. */
static void
arrive(void)
{
    struct parcel *parcel;

    while ((parcel = STAILQ_FIRST(&road)) != NULL && parcel->due <= now()) {
        struct pair *pair = parcel->pair;

        STAILQ_REMOVE_HEAD(&road, next);
        pair->under_way--;
        if (parcel->len > 0)
            deliver(pair->server.fd, parcel->text, parcel->len);
        else
            shutdown(pair->server.fd, SHUT_WR);
        free(parcel);
        end_pair(pair);
    }
}

static void
set_delay(void)
{
    char line[32];
    ssize_t len = read(STDIN_FILENO, line, sizeof line - 1);

    if (len <= 0)
        exit(0);
    line[len] = '\0';
    delay = strtol(line, NULL, 10) * MILLISECOND;
}

/* Wait for an event or the next parcel. Uses ppoll() because the timeout of
 * epoll_wait() is in whole milliseconds. */
static void
wait_for_one(void)
{
    struct pollfd fd = {.fd = poller, .events = POLLIN};
    const struct parcel *first = STAILQ_FIRST(&road);
    int64_t left = first == NULL ? 0 : first->due - now();
    struct timespec timeout = {0};

    if (left > 0) {
        timeout.tv_sec = left / (1000 * MILLISECOND);
        timeout.tv_nsec = left % (1000 * MILLISECOND);
    }
    if (ppoll(&fd, 1, first == NULL ? NULL : &timeout, NULL) < 0)
        fail("delay: ppoll");
}

/* Handle one event only: it may free the pair of the next one. */
static void
serve_one(void)
{
    struct epoll_event event;

    if (epoll_wait(poller, &event, 1, 0) != 1)
        return;
    if (event.data.ptr == &listener)
        welcome();
    else if (event.data.ptr == &delay)
        set_delay();
    else
        hear(event.data.ptr);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address;
    int one = 1;

    if (argc != 3) {
        fputs("usage: delay PORT SERVER-PORT <MILLISECONDS\n", stderr);
        return 64;
    }
    address = loopback(htons((uint16_t)atoi(argv[1])));
    server_port = htons((uint16_t)atoi(argv[2]));
    poller = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (poller < 0 || listener < 0
        || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0
        || bind(listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(listener, 1000) != 0)
        fail("delay: listen");
    set_delay();
    watch(listener, &listener);
    watch(STDIN_FILENO, &delay);
    for (;;) {
        wait_for_one();
        arrive();
        serve_one();
    }
}
