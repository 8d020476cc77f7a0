/* loop.h - messages that circle between mail systems
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A message with a recipient that leaves this site gets a loop mark, a header
 * X-SDR-Routed: SITE; UNIXTIME. A message with loop-limit marks of this site is
 * not sent away once more: it is deferred, and rejected if it circles for 15
 * minutes. Anyone can forge marks; the hop count of the MTA is the last limit.
 * Pure functions, for any thread.
 */
#ifndef SDR_LOOP_H
#define SDR_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config/config.h"
#include "decision/route.h"
#include "status.h"

/* The name of the header that carries loop marks. */
#define SDR_MARK_HEADER "X-SDR-Routed"

/* The loop marks of a message that name this site. Begins as all zero. */
#define SDR_LOOP_MARKS_MAX 100
struct sdr_loop_marks {
    unsigned count;
    time_t times[SDR_LOOP_MARKS_MAX]; /* of the first ones; 0: unreadable */
};

/* Count VALUE, the value of a header SDR_MARK_HEADER, if it names this site. A
 * mark without a readable time counts as old. */
SDR_PUBLIC void
sdr_loop_add_mark(const struct sdr_config *config, struct sdr_loop_marks *marks,
                  const char *value);

/* Write the value of the mark that a message gets when a recipient leaves:
 * "SITE; UNIXTIME". It is cut if SIZE, in octets, is too small. */
SDR_PUBLIC void
sdr_loop_format_mark(const struct sdr_config *config, time_t now, char *value,
                     size_t size);

/* True if MARKS has reached loop-limit: refuse the message unless one of its
 * recipients stays here. REPLY is then 451 4.4.6 while the newest mark is
 * younger than 15 minutes, and 554 5.4.6 after that. A time that is more than a
 * minute after NOW is forged or comes from a wrong clock: it does not count. */
SDR_PUBLIC bool
sdr_loop_limit_reached(const struct sdr_config *config,
                       const struct sdr_loop_marks *marks, time_t now,
                       struct sdr_reply *reply);

#endif
