/* engine.h - the engine that speaks the milter protocol at the socket
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One of two, see mta.h. There is only one socket: the rules about order and
 * threads apply to the whole program.
 */
#ifndef SDR_MILTER_ENGINE_H
#define SDR_MILTER_ENGINE_H

#include <stdbool.h>

#include "config/config.h"

/* The text after "is ready" in the log: the engine's name, if it is not our
 * own. */
extern const char engine_name[];

/* True if the engine handles SIGHUP itself, by ending the program. */
extern const bool engine_ends_on_hangup;

/* Create the socket, with its group and mode. Returns false, and logs, on
 * failure. Main thread, before there are others. */
bool
engine_open(const struct sdr_milter_options *options);

/* Serve up to CLIENTS_MAX connections, if the engine has a limit, in threads
 * with the caller's signal mask. Returns false, and logs, on failure. Main
 * thread. An engine that ends by itself sends this thread SIGTERM. */
bool
engine_start(unsigned clients_max);

/* Returns true if the engine answers a probe. Takes up to a second. Any thread.
 */
bool
engine_is_alive(void);

/* Unlink the socket and stop reading. Returns true if all commands have been
 * answered and no thread is left. */
bool
engine_end(void);

#endif
