/* log_recipients.h - the recipients in an MTA's log
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads lines of Postfix, Exim, Sendmail and sdr-milter, in any mixture. Other
 * lines have no recipient. The original recipient is reported, not the
 * rewritten one.
 */
#ifndef SDRCTL_LOG_RECIPIENTS_H
#define SDRCTL_LOG_RECIPIENTS_H

#include <stddef.h>

/* Call FOUND with each recipient in the line: LEN octets, not NUL-terminated,
 * without angle brackets. It may not be a valid address. */
void
log_recipients(const char *line,
               void (*found)(void *arg, const char *text, size_t len),
               void *arg);

#endif
