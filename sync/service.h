/* service.h - the main loop of sdr-sync: a worker for each directory, and
 * signals
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by the main thread only. The signals that it waits for are blocked
 * before other threads start.
 */
#ifndef SYNC_SERVICE_H
#define SYNC_SERVICE_H

#include <stdbool.h>

#include "status.h"

/* Load the configuration at PATH, which is borrowed. Logs its errors, and
 * returns the result of sdr_config_load(). */
enum sdr_status SDR_MUST_USE
service_load(const char *path, bool verbose);

/* Maintain the replica until a signal says to stop. Returns an exit code. */
int
service_run(void);

/* Update the replica once. Returns an exit code. */
int
service_run_once(void);

/* Free everything. */
void
service_unload(void);

#endif
