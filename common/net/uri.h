/* uri.h - what an LDAP server's URI says of the way to it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions.
 */
#ifndef SDR_URI_H
#define SDR_URI_H

#include <stdbool.h>

/* True if others on the network could read the connection: ldap:// without
 * START_TLS, to another host. False if URI is not a URI. */
bool
sdr_uri_exposes(const char *uri, bool start_tls);

#endif
