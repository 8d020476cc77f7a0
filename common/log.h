/* log.h - escaping of untrusted text
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Text from the network or the directory is escaped here before it reaches a
 * person, a terminal or a log parser. Pure functions; any thread.
 */
#ifndef SDR_LOG_H
#define SDR_LOG_H

#include <stddef.h>

#include "status.h"

/* Copy LEN octets of TEXT to OUT, which has room for SIZE octets including the
 * NUL. Escapes as \xNN every octet of a control or formatting character, of a
 * line or paragraph separator (Unicode categories Cc, Cf, Zl, Zp), of a broken
 * UTF-8 sequence, and each ASCII character in SPECIALS. A text that does not
 * fit is truncated and ends with "...". Returns the length without the NUL. */
SDR_PUBLIC size_t
sdr_log_clean(char *out, size_t size, const char *text, size_t len,
              const char *specials);

#endif
