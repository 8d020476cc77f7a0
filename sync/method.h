/* method.h - how a server can be read
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_METHOD_H
#define SYNC_METHOD_H

#include "config.h"
#include "connection.h"
#include "status.h"

/* The method of the configuration; or, if that leaves it to us, one that the
 * server says it knows: never SDR_SYNC_AUTO. SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
method_choose(struct sdr_connection *connection,
              const struct sdr_directory_options *directory,
              enum sdr_sync *method, struct sdr_error *error);

#endif
