/* must_see.h - addresses that a connection must find before it is trusted
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Some servers do not report what they hide, and a part of a tree may be
 * missing without an error. So the administrator names an address, and a site
 * that owns it. A connection that does not show both shows too little. See
 * must-see in sdr.conf(5).
 */
#ifndef SDR_MUST_SEE_H
#define SDR_MUST_SEE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* Returns true if a must-see names a site: that proves that owners are
 * readable. */
bool
sdr_must_see_owner(const struct sdr_directory_options *directory);

/* Find all must-see addresses and their owners. Returns SDR_OK; or SDR_TEMPFAIL
 * with the reason, which names the line. */
enum sdr_status SDR_MUST_USE
sdr_must_see_prove(struct sdr_connection *connection, struct sdr_error *error);

/* Like sdr_must_see_prove(), unless this connection found them within the last
 * ten seconds. */
enum sdr_status SDR_MUST_USE
sdr_must_see_prove_lately(struct sdr_connection *connection,
                          struct sdr_error *error);

#endif
