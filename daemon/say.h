/* say.h - the log of a daemon: lines on stderr for the service manager
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread; a line is written whole. Text from outside must have been through
 * sdr_log_clean() or sdr_trace().
 */
#ifndef DAEMON_SAY_H
#define DAEMON_SAY_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "status.h"

/* The name of the program; to be called once, before all threads. */
void
say_as(const char *name);

/* PRIORITY is one of syslog(3). If stderr is systemd's journal (JOURNAL_STREAM,
 * systemd.exec(5)) the line begins with "<N>", as sd-daemon(3) has it, else
 * with "NAME: ". */
SDR_PRINTF(2, 3)
void
say(int priority, const char *format, ...);

/* For struct sdr_trace: *(int *)arg is the priority. */
void
say_line(void *arg, const char *text);

/* For messages that are logged at most once a minute: true, and *SAID the time
 * now, if *SAID is older or 0, as it begins. *SAID belongs to the caller. */
bool
say_is_due(int64_t *said);

#endif
