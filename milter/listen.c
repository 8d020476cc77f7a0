/* listen.c - see listen.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "say.h"

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

/* A socket that was left there; nothing else is ever removed. */
static void
remove_socket(const char *path)
{
    struct stat info;

    if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
        unlink(path);
}

static bool
bind_and_listen(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t old = umask(0177); /* nobody else connects before its mode is set */
    bool ok;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    remove_socket(path);
    ok = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0
         && listen(fd, LISTEN_BACKLOG) == 0;
    umask(old);
    return ok;
}

int
listen_at(const char *path, const struct sdr_milter_options *options)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || !bind_and_listen(fd, path))
        say(LOG_ERR, "%s: cannot listen: %s", path, strerror(errno));
    else if (listen_set_access(path, options))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}
