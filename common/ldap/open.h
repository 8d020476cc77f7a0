/* open.h - an LDAP handle, connected, encrypted and bound by a deadline
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Works around libldap: waits without a bound, defaults from ldap.conf(5) and
 * the environment, and errors without explanation. One URI for each handle;
 * every option is set on the handle.
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
 * reason, as sdr_bind(). */
enum sdr_status SDR_MUST_USE
sdr_ldap_open(LDAP **ld, const struct sdr_directory_options *directory,
              const char *uri, int64_t deadline, struct sdr_error *error);

/* Unbind, free the handle and set the pointer to NULL. Does nothing if it is
 * NULL. */
void
sdr_ldap_free(LDAP **ld);

/* Returns true if TLS encrypts the connection, and writes its VERSION, such as
 * "TLS1.3", to a buffer of SIZE octets including the NUL. */
bool
sdr_ldap_tls(LDAP *ld, char *version, size_t size);

/* Returns true, and the expiry in WORDS, if the server's certificate should be
 * renewed. */
bool
sdr_ldap_expires(LDAP *ld, struct sdr_error *words);

/* Set the deadline of all later operations of this handle. Returns false if
 * libldap rejects the options. */
bool SDR_MUST_USE
sdr_ldap_deadline(LDAP *ld, int64_t deadline);

#endif
