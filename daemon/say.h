/* say.h - the log of a daemon: lines on stderr for the service manager
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread; each line is one write. Untrusted text must have been escaped by
 * sdr_log_clean() or sdr_trace().
 */
#ifndef DAEMON_SAY_H
#define DAEMON_SAY_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "status.h"

/* Set the name of the program. Call it once, before starting threads. */
void
say_as(const char *name);

/* Log a line. PRIORITY is one of syslog(3). If stderr is systemd's journal
 * (JOURNAL_STREAM, systemd.exec(5)) the line begins with "<N>" (sd-daemon(3)),
 * otherwise with "NAME: ". */
SDR_PRINTF(2, 3)
void
say(int priority, const char *format, ...);

/* Log a line, for struct sdr_trace: *(int *)ARG is the priority. */
void
say_line(void *arg, const char *text);

/* For messages that are logged at most once a minute. Returns true and sets
 * *SAID to the current time if *SAID is older, or 0, its initial value. *SAID
 * belongs to the caller. */
bool
say_is_due(int64_t *said);

#endif
