/* gssapi.h - Kerberos credentials: from a keytab, or the user's own
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With a keytab, kinit is not needed and nothing is read from the environment.
 * Tickets are kept in memory, in one cache for each directory, and renewed
 * before they expire. Without a keytab, the tickets are those of the user who
 * runs the program, as obtained by kinit(1).
 */
#ifndef SDR_GSSAPI_H
#define SDR_GSSAPI_H

#include <stddef.h>

#include <gssapi/gssapi.h>

#include "config/config.h"
#include "status.h"

/* Acquire the credentials of the directory's account. May query a KDC for as
 * long as krb5.conf(5) allows; no deadline bounds that. Returns SDR_OK and
 * credentials to be released; SDR_CONFIG if the KDC rejects the key; or
 * SDR_TEMPFAIL. Both with the reason. Any thread. */
enum sdr_status SDR_MUST_USE
sdr_gssapi_acquire(const struct sdr_directory_options *directory,
                   gss_cred_id_t *credentials, struct sdr_error *error);

/* Write the principal whose own credentials are used without a keytab; "?" if
 * there are none. */
void
sdr_gssapi_name(char *name, size_t size);

/* Destroy the tickets obtained with the directory's keytab. Call it before the
 * configuration is freed; harmless if there are none. Any thread. */
void
sdr_gssapi_forget(const struct sdr_directory_options *directory);

/* Release the credentials, which may be GSS_C_NO_CREDENTIAL. */
void
sdr_gssapi_release(gss_cred_id_t *credentials);

#endif
