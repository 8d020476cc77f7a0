/* gssapi.h - Kerberos credentials: from a keytab, or the user's own
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With a keytab nobody runs kinit and nothing is taken from the environment.
 * Tickets are kept in memory, one cache for each keytab and principal, and
 * renewed before they expire. Without a keytab the tickets are those of the
 * user who runs the program, where kinit(1) has put them.
 */
#ifndef SDR_GSSAPI_H
#define SDR_GSSAPI_H

#include <stddef.h>

#include <gssapi/gssapi.h>

#include "config/config.h"
#include "status.h"

/* Get the credentials of the directory's account. Any thread. May ask a KDC,
 * for as long as krb5.conf(5) lets it: no deadline bounds that. Returns SDR_OK
 * and credentials to be released; SDR_CONFIG if the KDC does not accept the
 * key; or SDR_TEMPFAIL. Both with the reason. */
enum sdr_status SDR_MUST_USE
sdr_gssapi_acquire(const struct sdr_directory_options *directory,
                   gss_cred_id_t *credentials, struct sdr_error *error);

/* The principal whose own credentials are used without a keytab; "?" if there
 * are none. */
void
sdr_gssapi_name(char *name, size_t size);

/* Release them; GSS_C_NO_CREDENTIAL is fine. */
void
sdr_gssapi_release(gss_cred_id_t *credentials);

#endif
