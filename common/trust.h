/* trust.h - whom a file must belong to before its content is believed
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library also runs inside Exim, which may be root: then a file that
 * anybody else could have written must not decide where mail goes.
 */
#ifndef SDR_TRUST_H
#define SDR_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Read a regular file of at most MAX octets. With effective user id 0 it and
 * its folder must belong to root and be writable by nobody else. A SECRET must
 * have no rights for others and no write right for its group. Returns SDR_OK
 * with a text ended by a NUL that the caller frees, *len its length; or
 * SDR_CONFIG with the reason; or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_trust_read(const char *path, bool secret, size_t max, char **text,
               size_t *len, struct sdr_error *error);

/* Check a file that a library will read, as above. SDR_OK or SDR_CONFIG. */
enum sdr_status SDR_MUST_USE
sdr_trust_check(const char *path, bool secret, struct sdr_error *error);

/* Check a replica: with effective user id 0 it and its folder must belong to
 * root or to the user "sdr" and be writable by nobody else. SDR_OK or
 * SDR_CONFIG. */
enum sdr_status SDR_MUST_USE
sdr_trust_replica(const char *path, struct sdr_error *error);

#endif
