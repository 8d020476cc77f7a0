/* open.h - an LDAP handle that is connected, encrypted and bound in time
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Knows what libldap gets wrong: what it waits for without a bound, what it
 * takes from ldap.conf(5) and the environment by default, and which errors it
 * does not explain. One URI for each handle; every option is set on it.
 */
#ifndef SDR_LDAP_OPEN_H
#define SDR_LDAP_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldap.h>

#include "config/config.h"
#include "status.h"

/* Connect to URI, encrypt and bind as the directory's options say. Returns
 * SDR_OK and a handle to be freed; or SDR_CONFIG or SDR_TEMPFAIL with the
 * reason, as of sdr_bind(). */
enum sdr_status SDR_MUST_USE
sdr_ldap_open(LDAP **ld, const struct sdr_directory_options *directory,
              const char *uri, int64_t deadline, struct sdr_error *error);

/* Close, free, and set the pointer to NULL; NULL is fine. */
void
sdr_ldap_free(LDAP **ld);

/* True if TLS encrypts it; its VERSION, such as "TLS1.3", of at most SIZE
 * octets with the NUL. */
bool
sdr_ldap_tls(LDAP *ld, char *version, size_t size);

/* True if the server's certificate should be renewed, and when it expires. */
bool
sdr_ldap_expires(LDAP *ld, struct sdr_error *words);

/* Bound whatever libldap does next with this handle. */
bool SDR_MUST_USE
sdr_ldap_deadline(LDAP *ld, int64_t deadline);

#endif
