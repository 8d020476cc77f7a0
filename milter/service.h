/* service.h - the main loop of the program
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_SERVICE_H
#define SDR_MILTER_SERVICE_H

/* Create the sockets of the configuration and serve until a signal ends the
 * program. SIGUSR1, or SIGHUP if the engine does not handle it, reloads.
 * Returns the exit code; does not return if threads are still busy. Main
 * thread, once, before there are others. */
int
service_run(void);

#endif
