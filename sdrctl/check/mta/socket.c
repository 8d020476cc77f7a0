/* socket.c - the sockets of sdr-milter and of other milters
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/connect.h"
#include "net/inet.h"
#include "net/resolve.h"

bool
same_path(const char *a, const char *b)
{
    struct stat x, y;

    return strcmp(a, b) == 0
           || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev
               && x.st_ino == y.st_ino);
}

/* Parse "inet:HOST:PORT", as in Postfix, or "inet:PORT@HOST", as in Sendmail.
 * Returns false if ADDRESS is neither. */
static bool
read_inet(const char *address, char host[DNS_NAME_SIZE], uint16_t *port)
{
    const char *text = strchr(address, ':'), *at = strchr(address, '@');
    char turned[DNS_NAME_SIZE + 8];

    if (text == NULL || strncasecmp(address, "inet", 4) != 0)
        return false;
    text++;
    if (at != NULL) {
        bool bare_ipv6 = strchr(at, ':') != NULL && at[1] != '[';

        snprintf(turned, sizeof turned, "%s%s%s:%.*s", bare_ipv6 ? "[" : "",
                 at + 1, bare_ipv6 ? "]" : "", (int)(at - text), text);
        text = turned;
    }
    return split_next_hop(text, host, port) && *port != 0;
}

/* True if the MTA's address is OURS. A host name is not resolved: any name
 * matches. */
static bool
is_inet_socket(const char *address, const struct sdr_inet *ours)
{
    struct sdr_inet theirs;
    char host[DNS_NAME_SIZE], numeric[DNS_NAME_SIZE + 16];
    uint16_t port;

    if (!read_inet(address, host, &port) || port != ours->port)
        return false;
    snprintf(numeric, sizeof numeric,
             strchr(host, ':') != NULL ? "inet:[%s]:%u" : "inet:%s:%u", host,
             port);
    return !sdr_inet_parse(numeric, &theirs) || ours->is_any
           || memcmp(&theirs.address, &ours->address, sizeof ours->address)
                  == 0;
}

bool
is_socket(const char *address, const char *socket)
{
    struct sdr_inet inet;

    if (sdr_inet_parse(socket, &inet))
        return is_inet_socket(address, &inet);
    return (strncmp(address, "unix:", 5) == 0
            || strncmp(address, "local:", 6) == 0)
           && same_path(strchr(address, ':') + 1, socket);
}

/* Connect to ADDRESS, as in sdr.conf or as the MTAs write it. */
static bool
open_socket(const char *address, int64_t deadline, int *fd,
            struct sdr_error *error)
{
    char host[DNS_NAME_SIZE];
    struct sdr_inet inet;
    uint16_t port = 0;

    if (sdr_inet_parse(address, &inet))
        return sdr_connect_address((const struct sockaddr *)&inet.address,
                                   inet.len, deadline, fd, error)
               == SDR_OK;
    if (read_inet(address, host, &port)) {
        sdr_resolve_init();
        return sdr_connect(host, port, deadline, fd, error) == SDR_OK;
    }
    if (strncmp(address, "unix:", 5) == 0 || strncmp(address, "local:", 6) == 0)
        address = strchr(address, ':') + 1;
    if (address[0] == '/')
        return sdr_connect_unix(address, deadline, fd, error) == SDR_OK;
    sdr_error_set(error, "%s is not the address of a socket", address);
    return false;
}

bool
is_listening(const char *socket, struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + 1000;
    int fd = -1;

    while (!open_socket(socket, deadline, &fd, error)) {
        if (strstr(error->text, strerror(EAGAIN)) == NULL
            || sdr_clock() >= deadline)
            return false;
        poll(NULL, 0, 20); /* its backlog is full */
    }
    close(fd);
    return true;
}

/* True if a process of this user may connect, with the primary group only. Only
 * root can test that; other users get true. */
static bool
may_connect(const char *path, const struct passwd *user)
{
    struct sdr_error error;
    int status = 0;
    pid_t pid;

    if (user == NULL || user->pw_uid == 0 || geteuid() != 0)
        return true;
    pid = fork();
    if (pid == 0)
        _exit(setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0
              || setuid(user->pw_uid) != 0 || !is_listening(path, &error));
    return pid < 0 || waitpid(pid, &status, 0) != pid || status == 0;
}

void
report_socket(struct mta *mta, const char *option, const char *path,
              const char *user)
{
    struct sdr_error error = {""};

    if (!is_listening(path, &error)) {
        report(mta, CHECK_WRONG, option,
               "start sdr-milter; if it does not start, see its log",
               "sdr-milter does not listen: %s: mail is deferred", error.text);
        return;
    }
    report(mta, CHECK_OK, option, NULL, "sdr-milter listens at %s", path);
    if (!sdr_is_inet(path) && !may_connect(path, getpwnam(user)))
        report(mta, CHECK_WRONG, option,
               "set socket-group in sdr.conf to the group of that user, let "
               "this group enter the folders above the socket (mode 0750), and "
               "restart sdr-milter",
               "user %s has no permission to connect to %s: mail is deferred",
               user, path);
}

/* ---- milters ---- */

void
report_wait(struct mta *mta, const char *subject, const char *option,
            const char *value, long seconds)
{
    unsigned needed = longest_question(mta->config);

    if (seconds >= 0 && seconds <= (long)needed)
        report(mta, CHECK_DOUBTFUL, subject,
               "raise it, or lower the timeouts in sdr.conf",
               "%s = %s, but a lookup in all directories may take %u s: the "
               "mail server may not wait for the answer",
               option, value, needed);
}

/* Milter protocol version 6. Lengths and numbers are in network byte order. */
enum {
    PROTOCOL = 6,
    EDITS = 0x04 | 0x08 | 0x80, /* add, delete, add with parameters */
    EVERY_ACTION = 0x1ff,
    EVERY_STEP = 0x1fffff
};

/* Send and receive an option negotiation packet: length, "O", version, actions,
 * protocol steps. The reply may append macros. */
static bool
negotiate(int fd, int64_t deadline, uint32_t *actions)
{
    const uint32_t numbers[] = {htonl(PROTOCOL), htonl(EVERY_ACTION),
                                htonl(EVERY_STEP)};
    unsigned char out[17] = {0, 0, 0, 13, 'O'}, in[17];
    size_t len = 0;

    memcpy(out + 5, numbers, sizeof numbers);
    if (send(fd, out, sizeof out, MSG_NOSIGNAL) != sizeof out)
        return false;
    while (len < sizeof in) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - sdr_clock();
        ssize_t n = left > 0 && poll(&waiting, 1, (int)left) > 0
                        ? read(fd, in + len, sizeof in - len)
                        : 0;

        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    memcpy(actions, in + 9, sizeof *actions);
    *actions = ntohl(*actions);
    (void)send(fd, "\0\0\0\1Q", 5, MSG_NOSIGNAL);
    return in[4] == 'O';
}

enum answer
edits_recipients(const char *address, unsigned timeout, struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + (int64_t)timeout * 1000;
    uint32_t actions = 0;
    int fd = -1;
    bool ok;

    if (!open_socket(address, deadline, &fd, error))
        return PERHAPS;
    ok = negotiate(fd, deadline, &actions);
    close(fd);
    if (!ok) {
        sdr_error_set(error, "%s does not answer in the milter protocol",
                      address);
        return PERHAPS;
    }
    return (actions & EDITS) != 0 ? YES : NO;
}
