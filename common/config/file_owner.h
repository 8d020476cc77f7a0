/* file_owner.h - who must own a file before its content counts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library also runs inside Exim, which may run as root. A file that another
 * user could have written must then not decide where mail goes. Any thread.
 */
#ifndef SDR_FILE_OWNER_H
#define SDR_FILE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Read a regular file of at most MAX octets. With effective user ID 0, the file
 * and its folder must belong to root and be writable by nobody else. A SECRET
 * file must give others no access, and its group must not be able to write it.
 * Returns SDR_OK and the text, which the caller frees: *LEN octets and a NUL.
 * Otherwise *TEXT and *LEN stay unchanged: returns SDR_CONFIG and the reason,
 * or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_file_read(const char *path, bool secret, size_t max, char **text,
              size_t *len, struct sdr_error *error);

/* Check a file that another library will read: the same rules, and this process
 * must have read permission. Returns SDR_OK, or SDR_CONFIG and the reason. */
enum sdr_status SDR_MUST_USE
sdr_file_check(const char *path, bool secret, struct sdr_error *error);

/* Check a file that was made from the file at SOURCE: with any effective user
 * ID, it must belong to root or to the owner of SOURCE and be writable by
 * nobody else. Returns SDR_OK, or SDR_CONFIG and the reason. */
enum sdr_status SDR_MUST_USE
sdr_file_check_made(const char *path, const char *source,
                    struct sdr_error *error);

/* Check a replica: with effective user ID 0, it and its folder must belong to
 * root or to the user "sdr" and be writable by nobody else. Returns SDR_OK, or
 * SDR_CONFIG and the reason. */
enum sdr_status SDR_MUST_USE
sdr_file_check_replica(const char *path, struct sdr_error *error);

#endif
