/* service.h - the life of the program
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_SERVICE_H
#define SDR_MILTER_SERVICE_H

/* Make the sockets that configuration.h asks for and serve until a signal ends
 * the program: SIGUSR1 or SIGHUP (if the engine leaves us that) reloads.
 * Returns the exit code; or does not come back if threads are still at work.
 * Main thread, once, before there are others. */
int
service_run(void);

#endif
