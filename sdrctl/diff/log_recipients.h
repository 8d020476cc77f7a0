/* log_recipients.h - the recipients in the log of a mail server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Postfix, Exim, Sendmail, and sdr-milter itself, in any mixture: a line that
 * is of none of them names no recipient. An original recipient counts, not
 * what it was rewritten to.
 */
#ifndef SDRCTL_LOG_RECIPIENTS_H
#define SDRCTL_LOG_RECIPIENTS_H

#include <stddef.h>

/* Call FOUND with each recipient in the line, LEN octets and not ended, without
 * angle brackets. It may be no address at all. */
void
log_recipients(const char *line,
               void (*found)(void *arg, const char *text, size_t len),
               void *arg);

#endif
