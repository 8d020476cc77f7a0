/* line.h - the line that logs a decision
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_LINE_H
#define SDR_LINE_H

#include <stddef.h>

#include "decision/route.h"
#include "status.h"

/* Write the line that logs a decision, without queue id and line feed, as the
 * log in sdr-milter(8) has it:
 *   rcpt="<a@b>" verdict=redirect site=hosted to="a@hosted.b" source=directory
 * RECIPIENT is as the MTA passed it; it and all values are escaped (log.h). All
 * programs log this same line. A line that does not fit in SIZE octets with the
 * NUL is cut. Any thread. */
SDR_PUBLIC void
sdr_log_decision(char *out, size_t size, const char *recipient,
                 const struct sdr_verdict *verdict);

#endif
