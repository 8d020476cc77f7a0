/* file_owner.h - who must own a file before its content counts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library also runs inside Exim, which may be root: then a file that
 * anybody else could have written must not decide where mail goes.
 */
#ifndef SDR_FILE_OWNER_H
#define SDR_FILE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Read a regular file of at most MAX octets. With effective user id 0 it and
 * its folder must belong to root and be writable by nobody else. A SECRET must
 * not be accessible to others or writable by its group. Returns SDR_OK with a
 * text ended by a NUL that the caller frees, *len its length; or SDR_CONFIG
 * with the reason; or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_file_read(const char *path, bool secret, size_t max, char **text,
              size_t *len, struct sdr_error *error);

/* Check a file that a library will read, as above. SDR_OK or SDR_CONFIG. */
enum sdr_status SDR_MUST_USE
sdr_file_check(const char *path, bool secret, struct sdr_error *error);

/* Check a file that was made from the one at SOURCE: it must belong to root or
 * to the owner of SOURCE, and be writable by nobody else, for any process.
 * SDR_OK or SDR_CONFIG. */
enum sdr_status SDR_MUST_USE
sdr_file_check_made(const char *path, const char *source,
                    struct sdr_error *error);

/* Check a replica: with effective user id 0 it and its folder must belong to
 * root or to the user "sdr" and be writable by nobody else. SDR_OK or
 * SDR_CONFIG. */
enum sdr_status SDR_MUST_USE
sdr_file_check_replica(const char *path, struct sdr_error *error);

#endif
