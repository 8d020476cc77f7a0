/* lock.c - see lock.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/lock.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 20, STEP_NS = 100 * 1000 * 1000 };

bool
lock_take(int fd)
{
    const struct timespec step = {.tv_nsec = STEP_NS};

    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        nanosleep(&step, NULL);
    }
    return false;
}

/* True if the process has the file open. */
static bool
has_open(const char *process, const char *file)
{
    char path[300], target[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%.20s/fd", process);
    folder = opendir(path);
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        ssize_t len =
            readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

        if (len > 0) {
            target[len] = '\0';
            found = strcmp(target, file) == 0;
        }
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

void
lock_holders(int fd, char *text, size_t size)
{
    char path[64], file[PATH_MAX];
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    ssize_t len;

    text[0] = '\0';
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    len = readlink(path, file, sizeof file - 1);
    file[len > 0 ? len : 0] = '\0';
    while (processes != NULL && len > 0
           && (entry = readdir(processes)) != NULL) {
        long id = strtol(entry->d_name, NULL, 10);
        size_t end = strlen(text);

        if (id > 0 && id != getpid() && has_open(entry->d_name, file))
            snprintf(text + end, size - end, " %ld", id);
    }
    if (processes != NULL)
        closedir(processes);
}
