/* uri.h - whether an LDAP URI protects the connection
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions.
 */
#ifndef SDR_URI_H
#define SDR_URI_H

#include <stdbool.h>

/* Returns true if others on the network could read the connection: ldap://
 * without START_TLS, to another host. Returns false if URI is not valid. */
bool
sdr_uri_exposes(const char *uri, bool start_tls);

#endif
