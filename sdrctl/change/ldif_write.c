/* ldif_write.c - see ldif_write.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"

enum { LOCK_MS = 10 * 1000, STEP_MS = 20 };

static enum sdr_status
failed(const char *path, struct sdr_error *error)
{
    bool not_permitted = errno == EACCES || errno == EPERM || errno == EROFS;

    sdr_error_set(error, "%s: %s", path, strerror(errno));
    return not_permitted ? SDR_CONFIG : SDR_TEMPFAIL;
}

/* ---- the lock ---- */

static bool
is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino
           && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
           && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
           && a->st_ctim.tv_sec == b->st_ctim.tv_sec
           && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Lock what has the name now. SDR_NOTFOUND: not yet. */
static enum sdr_status
try_lock(struct locked_file *file, struct sdr_error *error)
{
    struct stat now;

    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0)
        return failed(file->path, error);
    if (flock(file->fd, LOCK_EX | LOCK_NB) == 0
        && fstat(file->fd, &file->seen) == 0 && stat(file->path, &now) == 0
        && is_same(&file->seen, &now))
        return SDR_OK;
    close(file->fd);
    file->fd = -1;
    return SDR_NOTFOUND;
}

enum sdr_status
locked_file_open(struct locked_file *file, const char *path,
                 struct sdr_error *error)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    int64_t end = sdr_clock() + LOCK_MS;
    enum sdr_status status;

    file->fd = -1;
    file->path = realpath(path, NULL);
    if (file->path == NULL) {
        failed(path, error);
        return SDR_CONFIG;
    }
    while ((status = try_lock(file, error)) == SDR_NOTFOUND
           && sdr_clock() < end)
        nanosleep(&step, NULL);
    if (status == SDR_NOTFOUND) {
        sdr_error_set(error, "%s: somebody else is changing it", path);
        status = SDR_TEMPFAIL;
    }
    if (status != SDR_OK)
        locked_file_close(file);
    return status;
}

void
locked_file_close(struct locked_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    *file = (struct locked_file){.fd = -1};
}

/* ---- the new file ---- */

/* In the folder, so that rename(2) can give it the name. */
struct new_file {
    const struct locked_file *old;
    const char *name; /* of the old one */
    char *own_name;
    int folder, fd;
};

/* What a run that was killed has left is removed: nobody else has the lock. */
static bool
create(struct new_file *new)
{
    const char *path = new->old->path;
    char *folder = strdup(path);
    bool ok;

    new->name = strrchr(path, '/') + 1;
    if (folder == NULL)
        return false;
    folder[new->name - path] = '\0';
    new->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    ok = new->folder >= 0
         && asprintf(&new->own_name, ".%s.sdrctl", new->name) >= 0
         && (unlinkat(new->folder, new->own_name, 0) == 0 || errno == ENOENT);
    if (ok)
        new->fd =
            openat(new->folder, new->own_name,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return ok && new->fd >= 0;
}

static bool
write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool
copy_attribute(int from, int to, const char *name)
{
    char value[XATTR_SIZE_MAX];
    ssize_t len = fgetxattr(from, name, value, sizeof value);

    return len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) == 0;
}

/* Access control lists are extended attributes too. Those of security modules
 * are theirs to set. */
static bool
copy_attributes(int from, int to)
{
    static const char modules[] = "security.";
    char names[XATTR_LIST_MAX];
    ssize_t len = flistxattr(from, names, sizeof names);

    if (len < 0)
        return errno == ENOTSUP;
    for (const char *name = names; name < names + len;
         name += strlen(name) + 1) {
        if (!copy_attribute(from, to, name)
            && strncmp(name, modules, strlen(modules)) != 0)
            return false;
    }
    return true;
}

/* Whoever could read it, such as sdr-sync, still can. */
static bool
keep_owner(const struct new_file *new)
{
    const struct stat *old = &new->old->seen;
    struct stat now;

    if (fstat(new->fd, &now) < 0)
        return false;
    if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid)
        && fchown(new->fd, old->st_uid, old->st_gid) < 0)
        return false;
    return fchmod(new->fd, old->st_mode & 07777) == 0
           && copy_attributes(new->old->fd, new->fd);
}

/* Somebody may have edited the file without asking for the lock. */
static enum sdr_status
give_name(const struct new_file *new, struct sdr_error *error)
{
    struct stat now;

    if (stat(new->old->path, &now) < 0)
        return failed(new->old->path, error);
    if (!is_same(&now, &new->old->seen)) {
        sdr_error_set(error, "%s: somebody else has changed it since",
                      new->old->path);
        return SDR_TEMPFAIL;
    }
    if (renameat(new->folder, new->own_name, new->folder, new->name) < 0)
        return failed(new->old->path, error);
    (void)fsync(new->folder);
    return SDR_OK;
}

static enum sdr_status
fill(const struct new_file *new, const char *text, size_t len,
     struct sdr_error *error)
{
    if (!keep_owner(new)) {
        failed("its owner, mode and attributes cannot be kept", error);
        sdr_error_prefix(error, "%s", new->old->path);
        return SDR_CONFIG;
    }
    if (!write_all(new->fd, text, len) || fsync(new->fd) < 0)
        return failed(new->old->path, error);
    return give_name(new, error);
}

enum sdr_status
locked_file_replace(const struct locked_file *file, const char *text,
                    size_t len, struct sdr_error *error)
{
    struct new_file new = {.old = file, .folder = -1, .fd = -1};
    enum sdr_status status;

    if (file->seen.st_nlink != 1) {
        sdr_error_set(error,
                      "%s: has %lu hard links, and would be another file "
                      "than the others",
                      file->path, (unsigned long)file->seen.st_nlink);
        return SDR_CONFIG;
    }
    if (create(&new)) {
        status = fill(&new, text, len, error);
    } else {
        status = failed(file->path, error);
        sdr_error_prefix(error, "no new file beside");
    }
    if (new.fd >= 0) {
        close(new.fd);
        if (status != SDR_OK)
            unlinkat(new.folder, new.own_name, 0);
    }
    if (new.folder >= 0)
        close(new.folder);
    free(new.own_name);
    return status;
}
