/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For LD_PRELOAD: kills the process before a system call on a file. The calls
 * are counted from 1, and the environment variable KILLED_AT is the number of
 * the call. A child after fork(2) continues its parent's count. If KILLED_GROUP
 * is set, the whole process group is killed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static void
count(void)
{
    static int calls;
    const char *at = getenv("KILLED_AT");

    if (at != NULL && ++calls == atoi(at))
        kill(getenv("KILLED_GROUP") != NULL ? 0 : getpid(), SIGKILL);
}

/* Define NAME: count the call, then call the real function. */
#define CALL(type, name, parameters, ...)                                      \
    type name parameters                                                       \
    {                                                                          \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);  \
                                                                               \
        count();                                                               \
        return real(__VA_ARGS__);                                              \
    }

CALL(int, flock, (int fd, int operation), fd, operation)
CALL(int, fchmod, (int fd, mode_t mode), fd, mode)
CALL(int, fsync, (int fd), fd)
CALL(int, fdatasync, (int fd), fd)
CALL(int, unlinkat, (int fd, const char *path, int flags), fd, path, flags)
CALL(int, renameat, (int from, const char *old, int to, const char *new), from,
     old, to, new)
CALL(ssize_t, write, (int fd, const void *octets, size_t len), fd, octets, len)
