/* file_owner.c - see file_owner.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/file_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_alone(const struct stat *st, uid_t owner)
{
    return (st->st_uid == 0 || st->st_uid == owner)
           && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool
is_roots_alone(const struct stat *st)
{
    return is_alone(st, 0);
}

/* Check the folder of the file: it must belong to root or OWNER. */
static enum sdr_status
check_folder(const char *path, uid_t owner, struct sdr_error *error)
{
    char copy[PATH_MAX];
    const char *folder;
    struct stat st;

    if (strlen(path) >= sizeof copy) {
        sdr_error_set(error, "%s: the path is too long", path);
        return SDR_CONFIG;
    }
    memcpy(copy, path, strlen(path) + 1);
    folder = dirname(copy);
    if (stat(folder, &st) < 0) {
        sdr_error_set(error, "%s: %s", folder, strerror(errno));
        return SDR_CONFIG;
    }
    if (!is_alone(&st, owner)) {
        sdr_error_set(error,
                      "%s: root reads it, so its folder must belong to root%s "
                      "and be writable by nobody else",
                      path, owner != 0 ? " or sdr" : "");
        return SDR_CONFIG;
    }
    return SDR_OK;
}

static enum sdr_status
check_file(const char *path, const struct stat *st, bool secret,
           struct sdr_error *error)
{
    if (!S_ISREG(st->st_mode)) {
        sdr_error_set(error, "%s: not a regular file", path);
        return SDR_CONFIG;
    }
    if (secret && (st->st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        sdr_error_set(error,
                      "%s: holds a secret, but mode %04o gives others access "
                      "or lets its group write; chmod 0640",
                      path, (unsigned)st->st_mode & 07777U);
        return SDR_CONFIG;
    }
    if (geteuid() != 0)
        return SDR_OK;
    if (!is_roots_alone(st)) {
        sdr_error_set(error,
                      "%s: root reads it, so it must belong to root and be "
                      "writable by nobody else",
                      path);
        return SDR_CONFIG;
    }
    return check_folder(path, 0, error);
}

static enum sdr_status
read_all(int fd, const char *path, size_t size, char **text, size_t *len,
         struct sdr_error *error)
{
    char *buffer = malloc(size + 1);
    size_t used = 0;
    ssize_t n = 1;

    if (buffer == NULL)
        return SDR_TEMPFAIL;
    while (used < size && n != 0) {
        n = read(fd, buffer + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            sdr_error_set(error, "%s: %s", path, strerror(errno));
            free(buffer);
            return SDR_CONFIG;
        }
        used += (size_t)n;
    }
    buffer[used] = '\0';
    *text = buffer;
    *len = used;
    return SDR_OK;
}

enum sdr_status
sdr_file_read(const char *path, bool secret, size_t max, char **text,
              size_t *len, struct sdr_error *error)
{
    enum sdr_status status;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &st) < 0) {
        sdr_error_set(error, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return SDR_CONFIG;
    }
    status = check_file(path, &st, secret, error);
    if (status == SDR_OK && (size_t)st.st_size > max) {
        sdr_error_set(error, "%s: longer than %zu octets", path, max);
        status = SDR_CONFIG;
    }
    if (status == SDR_OK)
        status = read_all(fd, path, (size_t)st.st_size, text, len, error);
    close(fd);
    return status;
}

enum sdr_status
sdr_file_check(const char *path, bool secret, struct sdr_error *error)
{
    struct stat st;

    if (stat(path, &st) < 0
        || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0) {
        sdr_error_set(error, "%s: %s", path, strerror(errno));
        return SDR_CONFIG;
    }
    return check_file(path, &st, secret, error);
}

enum sdr_status
sdr_file_check_made(const char *path, const char *source,
                    struct sdr_error *error)
{
    struct stat made, from;
    const char *missing = stat(source, &from) < 0 ? source
                          : stat(path, &made) < 0 ? path
                                                  : NULL;

    if (missing != NULL) {
        sdr_error_set(error, "%s: %s", missing, strerror(errno));
        return SDR_CONFIG;
    }
    if (!is_alone(&made, from.st_uid)) {
        sdr_error_set(error,
                      "%s: it must belong to root or the owner of %s and be "
                      "writable by nobody else",
                      path, source);
        return SDR_CONFIG;
    }
    return SDR_OK;
}

enum sdr_status
sdr_file_check_replica(const char *path, struct sdr_error *error)
{
    char space[1024];
    struct passwd entry, *sdr = NULL;
    struct stat st;

    if (geteuid() != 0)
        return SDR_OK;
    if (stat(path, &st) < 0) {
        sdr_error_set(error, "%s: %s", path, strerror(errno));
        return SDR_CONFIG;
    }
    getpwnam_r("sdr", &entry, space, sizeof space, &sdr);
    if (!is_alone(&st, sdr != NULL ? sdr->pw_uid : 0)) {
        sdr_error_set(error,
                      "%s: root reads it, so it must belong to root or sdr and "
                      "be writable by nobody else",
                      path);
        return SDR_CONFIG;
    }
    return check_folder(path, sdr != NULL ? sdr->pw_uid : 0, error);
}
