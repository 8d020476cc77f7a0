/* configuration.h - the current configuration, and its reload
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_CONFIGURATION_H
#define SDR_MILTER_CONFIGURATION_H

#include <stdbool.h>

#include "decision/sdr.h"
#include "status.h"

/* Load the configuration at PATH, a string that is kept, and check that a
 * milter can do what it asks for. Errors are logged. IS_VERBOSE: log each step
 * of each decision. Main thread. */
enum sdr_status SDR_MUST_USE
configuration_load(const char *path, bool is_verbose);

/* Reload the configuration, and log the result. If it has an error, the old one
 * stays current. Main thread. */
void
configuration_reload(void);

/* Returns a reference to the current configuration, to be released with
 * sdr_close(). Any thread. */
struct sdr *
configuration_get(void);

/* Returns true if each step of each decision is logged. Any thread. */
bool
configuration_is_verbose(void);

/* Release the current configuration. No other thread may be left. */
void
configuration_unload(void);

#endif
