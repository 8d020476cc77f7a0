/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For LD_PRELOAD: the process is killed before the system call on a file whose
 * number, from 1, is in the environment variable KILLED_AT; children count on.
 * With KILLED_GROUP its process group is killed.
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

/* The function that NAME would have been. */
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
