/* send.c - sends mail in concurrent SMTP sessions and measures the rate
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: send -p PORT -n PEOPLE {-m MESSAGES | -t SECONDS} [-c SESSIONS]
 *             [-r RECIPIENTS] [-1] [-l] [-q]
 *
 * Sends messages of 2 kB to 127.0.0.1. The recipients are u0@example.com,
 * u1@example.com and so on, in turn.
 *
 *   -n  the number of different recipients
 *   -m  the number of messages
 *   -t  begin messages for so long, then finish those begun; at least as
 *       many messages as sessions
 *   -c  concurrent sessions (1)
 *   -r  recipients a message (1)
 *   -1  one message a session; otherwise a session sends as many as it can
 *   -l  lockstep: wait for the reply to each command before the next
 *   -q  do not wait for the reply to QUIT
 *
 * Prints a JSON object: the accepted messages, the seconds from the first
 * connect to the last acceptance, and with -l the median and the 99th
 * percentile of the time of RCPT in ms. An unexpected reply ends the program at
 * once: it prints the reply and exits with status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_SESSIONS = 1000,
    MAX_RECIPIENTS = 100,
    LINE = 64, /* the longest command */
    BODY = 2000,
    PATIENCE = 120000, /* ms: longer than any server waits for a directory */
    MAX_SAMPLES = 1000000
};

enum step { GREETING, HELLO, SENDER, RECIPIENT, DATA, END, QUIT };

static const struct {
    const char *what;
    const char *code;
} expected[] = {
    [GREETING] = {"the connection", "220"},
    [HELLO] = {"EHLO", "250"},
    [SENDER] = {"MAIL", "250"},
    [RECIPIENT] = {"RCPT", "250"},
    [DATA] = {"DATA", "354"},
    [END] = {"the end of a message", "250"},
    [QUIT] = {"QUIT", "221"},
};

struct session {
    int fd;               /* -1: closed */
    unsigned connections; /* how many were opened so far */
    enum step step;
    long recipients; /* of this message, without a reply yet */
    double asked;    /* when the last RCPT was sent */
    char in[4096];
    size_t len;
};

static struct {
    long port, people, messages, sessions, recipients;
    double seconds;
    bool single, lockstep, leave;
} wanted = {.sessions = 1, .recipients = 1};

static struct session sessions[MAX_SESSIONS];
static char body[BODY + 256];
static size_t body_len;
static double samples[MAX_SAMPLES];
static size_t sample_count;
static long begun, accepted, next_person, open_sessions;
static double start, end;
static int poller;

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "send: port %ld: %s: %s\n", wanted.port, what, why);
    exit(1);
}

static bool
is_more_wanted(void)
{
    if (wanted.messages > 0)
        return begun < wanted.messages;
    return begun < wanted.sessions || now() - start < wanted.seconds;
}

/* A loopback connection accepts the whole text at once. */
static void
put(const struct session *session, const char *text, size_t len)
{
    ssize_t done = send(session->fd, text, len, MSG_NOSIGNAL);

    if (done != (ssize_t)len)
        fail(expected[session->step].what,
             done < 0 ? strerror(errno) : "the server does not read");
}

static void
hang_up(struct session *session)
{
    close(session->fd);
    session->fd = -1;
    open_sessions--;
}

static void
open_session(struct session *session)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)wanted.port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
    int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    session->step = GREETING;
    session->len = 0;
    session->connections++;
    if (session->fd < 0
        || connect(session->fd, (struct sockaddr *)&address, sizeof address)
               != 0
        || setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)
               != 0
        || epoll_ctl(poller, EPOLL_CTL_ADD, session->fd, &event) != 0)
        fail("connect", strerror(errno));
    open_sessions++;
}

/* --- the commands */

static size_t
add_recipient(char *text)
{
    long person = next_person++ % wanted.people;

    return (size_t)snprintf(text, LINE, "RCPT TO:<u%ld@example.com>\r\n",
                            person);
}

static void
ask_recipient(struct session *session)
{
    char text[LINE];
    size_t len = add_recipient(text);

    session->asked = now();
    put(session, text, len);
}

static void
leave(struct session *session)
{
    session->step = QUIT;
    put(session, "QUIT\r\n", 6);
    if (wanted.leave)
        hang_up(session);
}

/* Begin the next message, all commands at once unless in lockstep; or QUIT if
 * there are no more messages. */
static void
begin(struct session *session)
{
    static char text[LINE * (MAX_RECIPIENTS + 2)];
    size_t len;

    if (!is_more_wanted()) {
        leave(session);
        return;
    }
    begun++;
    session->step = SENDER;
    session->recipients = wanted.recipients;
    len = (size_t)snprintf(text, LINE, "MAIL FROM:<sender@outside.test>\r\n");
    if (!wanted.lockstep) {
        for (long i = 0; i < wanted.recipients; i++)
            len += add_recipient(text + len);
        len += (size_t)snprintf(text + len, LINE, "DATA\r\n");
    }
    put(session, text, len);
}

/* --- the replies */

static void
answered_recipient(struct session *session)
{
    if (wanted.lockstep && sample_count < MAX_SAMPLES)
        samples[sample_count++] = (now() - session->asked) * 1000;
    if (--session->recipients == 0) {
        session->step = DATA;
        if (wanted.lockstep)
            put(session, "DATA\r\n", 6);
    } else if (wanted.lockstep) {
        ask_recipient(session);
    }
}

static void
answered_end(struct session *session)
{
    accepted++;
    end = now();
    if (!wanted.single) {
        begin(session);
        return;
    }
    leave(session);
    if (session->fd < 0 && is_more_wanted())
        open_session(session);
}

/* Continue after the last line of an expected reply. */
static void
go_on(struct session *session)
{
    switch (session->step) {
    case GREETING:
        session->step = HELLO;
        put(session, "EHLO client.test\r\n", 18);
        break;
    case HELLO:
        begin(session);
        break;
    case SENDER:
        session->step = RECIPIENT;
        if (wanted.lockstep)
            ask_recipient(session);
        break;
    case RECIPIENT:
        answered_recipient(session);
        break;
    case DATA:
        session->step = END;
        put(session, body, body_len);
        break;
    case END:
        answered_end(session);
        break;
    case QUIT:
        hang_up(session);
        if (wanted.single && is_more_wanted())
            open_session(session);
        break;
    }
}

static void
take_line(struct session *session, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, expected[session->step].code, 3) != 0)
        fail(expected[session->step].what, line);
    if (line[3] != '-')
        go_on(session);
}

/* Each line may close the session, and may open a new connection for it. */
static void
take_lines(struct session *session)
{
    char *line = session->in, *newline;
    size_t left = session->len;
    unsigned connections = session->connections;

    while ((newline = memchr(line, '\n', left)) != NULL) {
        left -= (size_t)(newline + 1 - line);
        session->len = left;
        take_line(session, line);
        line = newline + 1;
        if (session->fd < 0 || session->connections != connections)
            return;
    }
    memmove(session->in, line, left);
}

static void
hear(struct session *session)
{
    size_t room = sizeof session->in - session->len;
    ssize_t got = recv(session->fd, session->in + session->len, room, 0);

    if (got > 0) {
        session->len += (size_t)got;
        take_lines(session);
    } else {
        fail(expected[session->step].what,
             got < 0 ? strerror(errno) : "it closed the connection");
    }
}

/* --- the run */

static void
make_body(void)
{
    static const char head[] = "From: sender@outside.test\r\n"
                               "To: everybody@example.com\r\n"
                               "Subject: benchmark\r\n"
                               "Message-ID: <1@outside.test>\r\n"
                               "Date: Sat, 21 Nov 2026 03:00:00 +0000\r\n\r\n";
    char line[73] = {0};

    memset(line, 'X', sizeof line - 3);
    memcpy(line + sizeof line - 3, "\r\n", 2);
    memcpy(body, head, sizeof head);
    body_len = sizeof head - 1;
    while (body_len < BODY) {
        memcpy(body + body_len, line, sizeof line);
        body_len += sizeof line - 1;
    }
    memcpy(body + body_len, ".\r\n", 3);
    body_len += 3;
}

static void
serve(void)
{
    struct epoll_event events[64];

    start = end = now();
    for (long i = 0; i < wanted.sessions; i++)
        open_session(&sessions[i]);
    while (open_sessions > 0) {
        int count = epoll_wait(poller, events, 64, PATIENCE);

        if (count < 0)
            fail("epoll", strerror(errno));
        if (count == 0)
            fail("no reply", "for two minutes");
        for (int i = 0; i < count; i++)
            hear(events[i].data.ptr);
    }
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
report(void)
{
    printf("{\"messages\": %ld, \"seconds\": %.6f", accepted, end - start);
    if (sample_count > 0) {
        qsort(samples, sample_count, sizeof *samples, compare);
        printf(", \"p50\": %.4f, \"p99\": %.4f", samples[sample_count / 2],
               samples[sample_count * 99 / 100]);
    }
    puts("}");
}

static long
number(long least, long most)
{
    char *rest;
    long value = strtol(optarg, &rest, 10);

    if (rest == optarg || *rest != '\0' || value < least || value > most)
        fail("no good number", optarg);
    return value;
}

static bool
take_arguments(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "p:n:m:t:c:r:1lq")) != -1) {
        switch (option) {
        case 'p':
            wanted.port = number(1, 65535);
            break;
        case 'n':
            wanted.people = number(1, 1000000000);
            break;
        case 'm':
            wanted.messages = number(1, 1000000000);
            break;
        case 't':
            wanted.seconds = strtod(optarg, NULL);
            break;
        case 'c':
            wanted.sessions = number(1, MAX_SESSIONS);
            break;
        case 'r':
            wanted.recipients = number(1, MAX_RECIPIENTS);
            break;
        case '1':
            wanted.single = true;
            break;
        case 'l':
            wanted.lockstep = true;
            break;
        case 'q':
            wanted.leave = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc && wanted.port > 0 && wanted.people > 0
           && (wanted.messages > 0) != (wanted.seconds > 0);
}

int
main(int argc, char **argv)
{
    if (!take_arguments(argc, argv)) {
        fputs("usage: send -p PORT -n PEOPLE {-m MESSAGES | -t SECONDS}"
              " [-c SESSIONS] [-r RECIPIENTS] [-1] [-l] [-q]\n",
              stderr);
        return 64;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0)
        fail("epoll", strerror(errno));
    make_body();
    serve();
    report();
    return 0;
}
