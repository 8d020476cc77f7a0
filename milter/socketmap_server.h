/* socketmap_server.h - the server of the lookup tables
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A client that stops inside a query, or does not read its answer, is closed
 * after ten seconds. At the limit, the client that has been idle longest is
 * closed; MTAs reconnect.
 */
#ifndef SDR_MILTER_SOCKETMAP_SERVER_H
#define SDR_MILTER_SOCKETMAP_SERVER_H

#include "workers.h"

extern const struct server_manner socketmap_server;

#endif
