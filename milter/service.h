/* service.h - the configuration in force, its reload, the life of the program
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_SERVICE_H
#define SDR_MILTER_SERVICE_H

#include <stdbool.h>

#include "decision/sdr.h"

/* Load the configuration at PATH, which must outlive the service, and judge
 * whether a milter can do what it asks for. Mistakes are said. Main thread. */
enum sdr_status SDR_MUST_USE
service_load(const char *path);

/* The configuration in force: a reference to be given back with sdr_close().
 * Any thread. */
struct sdr *
service_get(void);

/* Whether each step of each decision goes to the log. Any thread. */
bool
service_is_verbose(void);

/* Make the sockets and serve until a signal ends the program: SIGUSR1 or
 * SIGHUP (if the engine leaves us that) reloads, where a new file with a
 * mistake keeps the old one. Returns the exit code; or does not come back if
 * threads are still at work. Main thread, once, before there are others. */
int
service_run(bool verbose);

/* Give back what service_load() has loaded; no other thread is left. */
void
service_unload(void);

#endif
