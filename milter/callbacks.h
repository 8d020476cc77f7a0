/* callbacks.h - what libmilter calls
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_MILTER_CALLBACKS_H
#define SDR_MILTER_CALLBACKS_H

#include <stdbool.h>

/* Register the callbacks with libmilter. VERBOSE: each step of each decision
 * goes to the log. False if libmilter refuses. Main thread, once. */
bool
callbacks_register(bool verbose);

#endif
