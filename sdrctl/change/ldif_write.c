/* ldif_write.c - see ldif_write.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/ldif_write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "same_file.h"
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

/* True if another process has the file open for writing: a read lease is then
 * refused with EAGAIN. A lease is given up at once. If it is broken before
 * that, the signal is SIGURG, which is ignored by default. */
static bool
is_written(int fd)
{
    if (fcntl(fd, F_SETSIG, SIGURG) < 0)
        return false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
        return errno == EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

/* True if the name still refers to the locked file, and no process has it open
 * for writing. */
static bool
is_still_there(const struct locked_file *file)
{
    struct stat now;

    return !is_written(file->fd) && stat(file->name, &now) == 0
           && sdr_same_file(&file->seen, &now);
}

static void
unlock(struct locked_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    file->path = NULL;
    file->fd = -1;
}

/* Lock the file that has the name now. Returns SDR_NOTFOUND if it must be tried
 * again. */
static enum sdr_status
try_lock(struct locked_file *file, struct sdr_error *error)
{
    enum sdr_status status;

    file->path = realpath(file->name, NULL);
    if (file->path != NULL)
        file->fd =
            open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0)
        return failed(file->name, error);
    if (flock(file->fd, LOCK_EX | LOCK_NB) < 0)
        status = errno == EWOULDBLOCK || errno == EINTR
                     ? SDR_NOTFOUND
                     : failed(file->name, error);
    else if (fstat(file->fd, &file->seen) == 0 && is_still_there(file))
        return SDR_OK;
    else
        status = SDR_NOTFOUND;
    unlock(file);
    return status;
}

enum sdr_status
locked_file_open(struct locked_file *file, const char *path,
                 struct sdr_error *error)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    int64_t end = sdr_clock() + LOCK_MS;
    enum sdr_status status;

    *file = (struct locked_file){.name = path, .fd = -1};
    while ((status = try_lock(file, error)) == SDR_NOTFOUND
           && sdr_clock() < end)
        nanosleep(&step, NULL);
    if (status == SDR_NOTFOUND) {
        sdr_error_set(error, "%s: somebody else is changing it", path);
        status = SDR_TEMPFAIL;
    }
    if (status != SDR_OK)
        unlock(file);
    return status;
}

void
locked_file_close(struct locked_file *file)
{
    unlock(file);
    *file = (struct locked_file){.fd = -1};
}

/* ---- the new file ---- */

/* The new file, in the same folder so that rename(2) can replace the old one.
 */
struct new_file {
    const struct locked_file *old;
    const char *name; /* name of the old file */
    char *own_name;
    int folder, fd;
};

/* Create the new file. A file left over from a run that was killed is removed:
 * no other process has the lock. */
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

/* Copy extended attributes, including access control lists. Those of security
 * modules may fail, because the kernel sets them. */
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

/* Keep owner, group, mode and extended attributes, so that sdr-sync and others
 * can still read it. */
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

/* Rename the new file, unless the old one was edited without the lock, or a
 * symbolic link was changed. */
static enum sdr_status
give_name(const struct new_file *new, struct sdr_error *error)
{
    if (!is_still_there(new->old)) {
        sdr_error_set(error,
                      "%s: somebody else has changed it since, or writes to it",
                      new->old->name);
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
        sdr_error_prefix(error, "no new file .%s.sdrctl beside", new.name);
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
