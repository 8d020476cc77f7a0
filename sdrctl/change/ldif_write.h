/* ldif_write.h - a file that is locked, read, and replaced as a whole
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The new text is written to another file in the same folder, is on disk, and
 * gets the name by rename(2): a reader sees the old file or the new one.
 * Owner, group, mode, access control lists and other extended attributes are
 * kept. A symbolic link stays one: the file that it leads to is replaced. The
 * lock is that of flock(2) on the file itself.
 */
#ifndef SDRCTL_LDIF_WRITE_H
#define SDRCTL_LDIF_WRITE_H

#include <stddef.h>
#include <sys/stat.h>

#include "status.h"

/* All zero but for FD, which is -1, is a valid start. */
struct locked_file {
    const char *name; /* as the caller has it */
    char *path;       /* without symbolic links, when it was locked */
    int fd;           /* locked */
    struct stat seen;
};

/* Lock the file at PATH, which stays the caller's; wait ten seconds
 * if somebody else has the lock. SDR_OK, and the caller unlocks it; or with the
 * reason SDR_CONFIG, not permitted, or SDR_TEMPFAIL, somebody else has locked
 * it, or it is not there. */
enum sdr_status SDR_MUST_USE
locked_file_open(struct locked_file *file, const char *path,
                 struct sdr_error *error);

/* Replace its text, if PATH still leads to it as it was. SDR_OK; or with the
 * reason SDR_CONFIG, not permitted, or SDR_TEMPFAIL, and the old file is there
 * as it was. The lock is good for nothing then but to be given back. */
enum sdr_status SDR_MUST_USE
locked_file_replace(const struct locked_file *file, const char *text,
                    size_t len, struct sdr_error *error);

/* Give the lock back, if there is one. */
void
locked_file_close(struct locked_file *file);

#endif
