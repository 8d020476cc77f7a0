/* bind.h - authentication: LDAP's bind operation
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_BIND_H
#define SDR_BIND_H

#include <stdbool.h>
#include <stdint.h>

#include <ldap.h>

#include "config/config.h"
#include "status.h"

/* Bind as the directory's options say, over a connection that is ENCRYPTED by
 * TLS or not. Returns SDR_OK; SDR_CONFIG if the server or the KDC rejects the
 * account or its secret, where repeated attempts may lock the account; or
 * SDR_TEMPFAIL. Both with the reason, which never contains a secret. */
enum sdr_status SDR_MUST_USE
sdr_bind(LDAP *ld, const struct sdr_directory_options *directory,
         bool encrypted, int64_t deadline, struct sdr_error *error);

#endif
