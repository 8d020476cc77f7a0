/* say.h - the log of a daemon: lines on stderr for the service manager
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread; a line is written whole. Text from outside must have been through
 * sdr_log_clean() or sdr_trace().
 */
#ifndef DAEMON_SAY_H
#define DAEMON_SAY_H

#include <syslog.h>

#include "status.h"

/* PRIORITY is one of syslog(3). Unless stderr is a terminal the line begins
 * with "<N>", as sd-daemon(3) has it. */
SDR_PRINTF(2, 3)
void
say(int priority, const char *format, ...);

/* For struct sdr_trace: *(int *)arg is the priority. */
void
say_line(void *arg, const char *text);

#endif
