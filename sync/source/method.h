/* method.h - how a server can be read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_METHOD_H
#define SYNC_METHOD_H

#include "config/config.h"
#include "ldap/connection.h"
#include "status.h"

/* The method of the configuration; with SDR_SYNC_AUTO, one that the server
 * supports and that sees each change that routing depends on; never
 * SDR_SYNC_AUTO itself. SDR_TEMPFAIL with the reason, for example that the
 * configured method would miss changes. */
enum sdr_status SDR_MUST_USE
method_choose(struct sdr_connection *connection, enum sdr_sync *method,
              struct sdr_error *error);

#endif
