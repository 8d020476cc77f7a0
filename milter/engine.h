/* engine.h - the engine that speaks the milter protocol at the socket
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One of two, see mta.h. There is one socket: what is said of order and threads
 * holds for the program.
 */
#ifndef SDR_MILTER_ENGINE_H
#define SDR_MILTER_ENGINE_H

#include <stdbool.h>

#include "config/config.h"

/* Behind "is ready" in the log: which one it is, if it is not our own. */
extern const char engine_name[];

/* SIGHUP is the engine's own, and ends the program. */
extern const bool engine_ends_on_hangup;

/* Make the socket, with its group and mode. False, said, if it cannot. Main
 * thread, before there are others. */
bool
engine_open(const struct sdr_milter_options *options);

/* Serve up to CLIENTS_MAX connections, if the engine knows a limit, in threads
 * that take no signals that the caller's does not. False, said, if it cannot.
 * Main thread. An engine that ends by itself sends this thread SIGTERM. */
bool
engine_start(unsigned clients_max);

/* Whether a question of our own is answered. Takes up to a second. Any thread.
 */
bool
engine_is_alive(void);

/* Unlink the socket, take nothing more from anybody. True if all that was asked
 * has been answered and no thread is left. */
bool
engine_end(void);

#endif
