/* listen.c - see listen.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/inet.h"
#include "say.h"

enum { KEEPALIVE_IDLE_S = 60, KEEPALIVE_INTERVAL_S = 15 }; /* 9 times */

bool
listen_set_access(const char *path, const struct sdr_milter_options *options)
{
    const struct group *group = NULL;

    if (options->socket_group != NULL) {
        errno = 0;
        group = getgrnam(options->socket_group);
        if (group == NULL) {
            say(LOG_ERR, "socket-group: there is no group %s",
                options->socket_group);
            return false;
        }
        if (chown(path, (uid_t)-1, group->gr_gid) < 0) {
            say(LOG_ERR, "%s: cannot give it to group %s: %s", path,
                options->socket_group, strerror(errno));
            return false;
        }
    }
    if (chmod(path, options->socket_mode) < 0) {
        say(LOG_ERR, "%s: chmod: %s", path, strerror(errno));
        return false;
    }
    return true;
}

/* Never removes anything but a socket. */
void
listen_remove(const char *socket)
{
    struct stat info;

    if (!sdr_is_inet(socket) && lstat(socket, &info) == 0
        && S_ISSOCK(info.st_mode))
        unlink(socket);
}

static bool
bind_and_listen(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t old = umask(0177); /* no one connects before its mode is set */
    bool ok;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    listen_remove(path);
    ok = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0
         && listen(fd, LISTEN_BACKLOG) == 0;
    umask(old);
    return ok;
}

/* Connections inherit the options. TCP_NODELAY: an answer must not wait for an
 * acknowledgement, which takes 40 ms. Keepalive detects an MTA whose host is
 * gone. */
static bool
bind_and_listen_inet(int fd, const struct sdr_inet *inet)
{
    int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
           && setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0
           && setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) == 0
           && setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
                         sizeof interval)
                  == 0
           && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0
           && bind(fd, (const struct sockaddr *)&inet->address, inet->len) == 0
           && listen(fd, LISTEN_BACKLOG) == 0;
}

void
listen_warn(const char *option, const char *socket)
{
    struct sdr_inet inet;

    if (sdr_inet_parse(socket, &inet) && !inet.is_loopback)
        say(LOG_WARNING,
            "%s: %s is not a loopback address: anyone who can connect to it "
            "can "
            "look up who is in the directory",
            option, socket);
}

int
listen_at(const char *name, const struct sdr_milter_options *options)
{
    struct sdr_inet inet;
    bool is_inet = sdr_inet_parse(name, &inet);
    int fd = socket(is_inet ? inet.address.ss_family : AF_UNIX,
                    SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0
        || !(is_inet ? bind_and_listen_inet(fd, &inet)
                     : bind_and_listen(fd, name)))
        say(LOG_ERR, "%s: cannot listen: %s", name, strerror(errno));
    else if (is_inet || listen_set_access(name, options))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}
