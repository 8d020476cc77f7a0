/* self_probe.h - a probe of our own server
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A running main loop does not prove that the workers still serve; an answer
 * does. The probe uses a socket pair, which needs no slot in the backlog: there
 * it would wait behind all other new connections.
 */
#ifndef SDR_MILTER_SELF_PROBE_H
#define SDR_MILTER_SELF_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Send LEN octets of QUESTION over a new connection, pass its other end to
 * HAND, which owns the descriptor, and wait a second for the first octet of an
 * answer. Returns true if it arrived. Any thread. */
bool
self_probe_is_answered(void (*hand)(void *arg, int fd), void *arg,
                       const char *question, size_t len);

#endif
