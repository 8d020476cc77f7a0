/* journal_file.c - see journal_file.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".ldif"

/* ---- errors ---- */

static enum sdr_status
failed(const char *path, struct sdr_error *error)
{
    sdr_error_set(error, "%s: %s", path, strerror(errno));
    return errno == ENOENT ? SDR_NOTFOUND : SDR_TEMPFAIL;
}

static const char *
user_name(uid_t uid, char *space, size_t size)
{
    const struct passwd *user = getpwuid(uid);

    if (user != NULL)
        snprintf(space, size, "%s", user->pw_name);
    else
        snprintf(space, size, "user %lu", (unsigned long)uid);
    return space;
}

static bool
is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* FINAL: the folder of the journals, or a journal. A folder above belongs to
 * somebody for a reason: then the journals must be kept elsewhere. */
static enum sdr_status
refuse_owner(const char *path, const struct stat *st, bool final,
             struct sdr_error *error)
{
    char owner[64], user[64];

    user_name(st->st_uid, owner, sizeof owner);
    user_name(geteuid(), user, sizeof user);
    if (final)
        sdr_error_set(error,
                      "%s: belongs to %s, who can change what undo writes; "
                      "review it, and if it is correct: chown %s %s",
                      path, owner, user, path);
    else
        sdr_error_set(error,
                      "%s: belongs to %s, who can put other journals there; "
                      "keep journals where all parent folders belong to root, "
                      "see journal-directory in sdr.conf(5)",
                      path, owner);
    return SDR_CONFIG;
}

static enum sdr_status
refuse_mode(const char *path, const struct stat *st, struct sdr_error *error)
{
    sdr_error_set(error,
                  "%s: mode %04o lets others change what undo writes; review "
                  "it, and if it is correct: chmod go-w %s",
                  path, (unsigned)st->st_mode & 07777U, path);
    return SDR_CONFIG;
}

static bool
is_others_to_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* ---- folders ---- */

static enum sdr_status
check_folder(int fd, const char *path, bool final, struct sdr_error *error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return failed(path, error);
    if (!is_ours(&st))
        return refuse_owner(path, &st, final, error);
    if (is_others_to_write(&st) && (final || (st.st_mode & S_ISVTX) == 0))
        return refuse_mode(path, &st, error);
    return SDR_OK;
}

/* NAME could not be opened as a folder. */
static enum sdr_status
no_folder(int parent, const char *name, const char *path,
          struct sdr_error *error)
{
    int reason = errno;
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0
        && S_ISLNK(st.st_mode)) {
        sdr_error_set(error,
                      "%s: symbolic links are not followed; name the folder "
                      "that it points to",
                      path);
        return SDR_CONFIG;
    }
    errno = reason;
    return failed(path, error);
}

/* One step down from *fd, which is closed. PATH is the whole path up to NAME
 * for messages. */
static enum sdr_status
step(int *fd, const char *name, const char *path, bool final,
     struct sdr_error *error)
{
    int next = openat(*fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum sdr_status status = next < 0 ? no_folder(*fd, name, path, error)
                                      : check_folder(next, path, final, error);

    close(*fd);
    *fd = next;
    if (status != SDR_OK && next >= 0)
        close(next);
    return status;
}

/* PATH without a slash at its end, and from the root. */
static char *
whole_path(const char *path)
{
    char *local = path[0] != '/' ? getcwd(NULL, 0) : NULL, *whole = NULL;
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    if (path[0] != '/' && local == NULL)
        return NULL;
    if (asprintf(&whole, "%s%s%.*s", local != NULL ? local : "",
                 local != NULL ? "/" : "", (int)len, path)
        < 0)
        whole = NULL;
    free(local);
    return whole;
}

/* WHOLE is written to and put back. */
static enum sdr_status
walk(char *whole, int *fd, struct sdr_error *error)
{
    char *name = whole;
    enum sdr_status status;

    *fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    status =
        *fd < 0 ? failed("/", error) : check_folder(*fd, "/", false, error);
    while (status == SDR_OK && *(name += strspn(name, "/")) != '\0') {
        char *end = name + strcspn(name, "/"), kept = *end;

        *end = '\0';
        status = step(fd, name, whole, kept == '\0', error);
        *end = kept;
        name = end;
    }
    return status;
}

enum sdr_status
journal_folder_open(const char *path, int *fd, struct sdr_error *error)
{
    char *whole = whole_path(path);
    enum sdr_status status;
    int folder;

    if (whole == NULL)
        return failed(path, error);
    status = walk(whole, &folder, error);
    free(whole);
    if (status != SDR_OK)
        return status;
    *fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    status = *fd >= 0 ? SDR_OK : failed(path, error);
    close(folder);
    return status;
}

/* ---- files ---- */

static enum sdr_status
check_file(int fd, const char *path, struct sdr_error *error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return failed(path, error);
    if (!S_ISREG(st.st_mode)) {
        sdr_error_set(error, "%s: not a regular file", path);
        return SDR_CONFIG;
    }
    if (!is_ours(&st))
        return refuse_owner(path, &st, true, error);
    if (is_others_to_write(&st))
        return refuse_mode(path, &st, error);
    if (st.st_nlink != 1) {
        sdr_error_set(error,
                      "%s: has %lu hard links, so it may be somebody else's "
                      "file; if you have reviewed it: cp %s %s.ldif",
                      path, (unsigned long)st.st_nlink, path, path);
        return SDR_CONFIG;
    }
    return SDR_OK;
}

static enum sdr_status
open_in(int folder, const char *name, const char *path, int flags, int *fd,
        struct sdr_error *error)
{
    enum sdr_status status;

    /* Do not block on a FIFO or a terminal. */
    *fd = openat(folder, name,
                 flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (*fd < 0 && errno == ELOOP) {
        sdr_error_set(error, "%s: symbolic links are not followed", path);
        return SDR_CONFIG;
    }
    if (*fd < 0)
        return failed(path, error);
    status = check_file(*fd, path, error);
    if (status == SDR_OK && (flags & O_CREAT) != 0 && fsync(folder) != 0)
        status = failed(path, error);
    if (status != SDR_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

static enum sdr_status
open_file(const char *path, int flags, int *fd, struct sdr_error *error)
{
    char *whole = whole_path(path), *slash;
    enum sdr_status status;
    int folder;

    if (whole == NULL)
        return failed(path, error);
    slash = strrchr(whole, '/');
    *slash = '\0';
    status = journal_folder_open(slash > whole ? whole : "/", &folder, error);
    if (status == SDR_OK) {
        status = open_in(folder, slash + 1, path, flags, fd, error);
        close(folder);
    }
    free(whole);
    return status;
}

enum sdr_status
journal_file_open(const char *path, int *fd, struct sdr_error *error)
{
    return open_file(path, O_RDONLY, fd, error);
}

enum sdr_status
journal_file_open_to_append(const char *path, int *fd, struct sdr_error *error)
{
    return open_file(path, O_RDWR | O_APPEND | O_CREAT, fd, error);
}

/* ---- the list ---- */

static int
is_journal(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > strlen(SUFFIX)
           && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* Owns the names. */
static enum sdr_status
list_paths(struct journal_list *list, const char *folder, struct dirent **names,
           int count, struct sdr_error *error)
{
    list->paths = calloc((size_t)count + 1, sizeof *list->paths);
    for (int i = 0; i < count; i++) {
        if (list->paths != NULL
            && asprintf(&list->paths[list->count], "%s/%s", folder,
                        names[i]->d_name)
                   >= 0)
            list->count++;
        free(names[i]);
    }
    free(names);
    if (list->paths != NULL && list->count == (size_t)count)
        return SDR_OK;
    journal_list_clear(list);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
journal_list_read(struct journal_list *list, const char *folder,
                  struct sdr_error *error)
{
    struct dirent **names = NULL;
    enum sdr_status status;
    int fd, count;

    *list = (struct journal_list){NULL, 0};
    status = journal_folder_open(folder, &fd, error);
    if (status != SDR_OK)
        return status;
    count = scandirat(fd, ".", &names, is_journal, alphasort);
    status = count >= 0 ? list_paths(list, folder, names, count, error)
                        : failed(folder, error);
    close(fd);
    return status;
}

void
journal_list_clear(struct journal_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct journal_list){NULL, 0};
}
