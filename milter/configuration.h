/* configuration.h - the configuration in force, and its reload
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_CONFIGURATION_H
#define SDR_MILTER_CONFIGURATION_H

#include <stdbool.h>

#include "decision/sdr.h"
#include "status.h"

/* Load the configuration at PATH, which must outlive it, and judge whether a
 * milter can do what it asks for. Mistakes are said. IS_VERBOSE: each step of
 * each decision goes to the log. Main thread. */
enum sdr_status SDR_MUST_USE
configuration_load(const char *path, bool is_verbose);

/* Load it again; said. One with a mistake leaves the old one in force. Main
 * thread. */
void
configuration_reload(void);

/* The configuration in force: a reference to be given back with sdr_close().
 * Any thread. */
struct sdr *
configuration_get(void);

/* Whether each step of each decision goes to the log. Any thread. */
bool
configuration_is_verbose(void);

/* Give back what configuration_load() has loaded; no other thread is left. */
void
configuration_unload(void);

#endif
