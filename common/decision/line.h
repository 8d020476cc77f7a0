/* line.h - the log line of a decision
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_LINE_H
#define SDR_LINE_H

#include <stddef.h>

#include "decision/route.h"
#include "status.h"

/* Write the log line of a decision, without queue id and line feed, as
 * described in sdr-milter(8):
 *   rcpt="<a@b>" verdict=redirect site=hosted to="a@hosted.b" source=directory
 * RECIPIENT is as the MTA passed it. RECIPIENT and all values are escaped
 * (log.h). All programs log this same line. A line that does not fit in SIZE
 * octets, including the NUL, is truncated. Any thread. */
SDR_PUBLIC void
sdr_log_decision(char *out, size_t size, const char *recipient,
                 const struct sdr_verdict *verdict);

#endif
