/* log.h - text from outside, made safe to show; the line of a decision
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The one place where octets from the wire or the directory are escaped before
 * a human, a terminal or a log parser meets them. Pure functions.
 */
#ifndef SDR_LOG_H
#define SDR_LOG_H

#include <stddef.h>

#include "route.h"
#include "status.h"

/* Copy LEN octets of TEXT to OUT, of SIZE octets with the NUL. Every octet of
 * a control or formatting character, of a line or paragraph separator, of a
 * broken UTF-8 sequence, and every octet in SPECIALS becomes \xNN. What does
 * not fit is replaced by "...". Returns the length written. */
SDR_PUBLIC size_t
sdr_log_clean(char *out, size_t size, const char *text, size_t len,
              const char *specials);

/* Write the line that tells a decision, without queue id and line feed:
 *   rcpt="<a@b>" verdict=redirect site=hosted to="a@hosted.b" source=directory
 * RECIPIENT is as the MTA gave it. Every face logs this same line. */
SDR_PUBLIC void
sdr_log_decision(char *out, size_t size, const char *recipient,
                 const struct sdr_verdict *verdict);

#endif
