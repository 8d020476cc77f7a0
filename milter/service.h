/* service.h - the configuration in force, its reload, the milter's socket
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_SERVICE_H
#define SDR_MILTER_SERVICE_H

#include <stdbool.h>

#include "sdr.h"

/* Load the configuration at PATH, which must outlive the service, and judge
 * whether a milter can do what it asks for. Mistakes are said. Main thread. */
enum sdr_status SDR_MUST_USE
service_load(const char *path);

/* The configuration in force: a reference to be given back with sdr_close().
 * Any thread. */
struct sdr *
service_get(void);

/* Block the signals that mean something to us in this thread and all that it
 * starts, and start one that takes them: it reloads at SIGUSR1, where a new
 * file with a mistake keeps the old one, and else ends the program. False,
 * said, if it cannot. */
bool
service_take_signals(void);

/* Make the socket, with its group and mode, and listen. False, said, if it
 * cannot. smfi_register() must have been called. */
bool
service_open_socket(void);

/* Connect to our own socket and say nothing: a new peer makes libmilter count
 * its idle threads again. Any thread, once the socket is open. */
void
service_wake(void);

/* End the program while its threads may still be at work. */
_Noreturn void
service_end(int code);

/* Give back what service_load() has loaded; for a program that has not served.
 */
void
service_unload(void);

#endif
