/* ldif_write.h - lock a file and replace it as a whole
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The new text is written to another file in the same folder, synced to disk
 * and renamed by rename(2), so that a reader sees the old file or the new one.
 * Owner, group, mode, access control lists and other extended attributes are
 * kept. If the path is a symbolic link, its target is replaced. The lock is
 * flock(2) on the file itself.
 */
#ifndef SDRCTL_LDIF_WRITE_H
#define SDRCTL_LDIF_WRITE_H

#include <stddef.h>
#include <sys/stat.h>

#include "status.h"

/* Initialize with zero, but FD with -1. */
struct locked_file {
    const char *name; /* as given by the caller */
    char *path;       /* the real path when it was locked */
    int fd;           /* locked */
    struct stat seen;
};

/* Lock the file at PATH, which is borrowed. Waits up to ten seconds if another
 * process has the lock. Returns SDR_OK, and the caller closes it; or with the
 * reason SDR_CONFIG, not permitted, or SDR_TEMPFAIL, locked by another process
 * or missing. */
enum sdr_status SDR_MUST_USE
locked_file_open(struct locked_file *file, const char *path,
                 struct sdr_error *error);

/* Replace the text, if PATH still refers to the locked file. Returns SDR_OK; or
 * with the reason SDR_CONFIG, not permitted, or SDR_TEMPFAIL, and the old file
 * is unchanged. After that the file can only be closed. */
enum sdr_status SDR_MUST_USE
locked_file_replace(const struct locked_file *file, const char *text,
                    size_t len, struct sdr_error *error);

/* Unlock the file, if it is locked. */
void
locked_file_close(struct locked_file *file);

#endif
