/* self_probe.h - a question to ourselves, which proves that we answer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that ticks proves only itself. An answer proves those that serve.
 * The question comes by a connection of its own that needs no slot in the
 * backlog: it would wait there behind all that connect at the same time.
 */
#ifndef SDR_MILTER_SELF_PROBE_H
#define SDR_MILTER_SELF_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* HAND the other end of a new connection to who serves, with LEN octets of
 * QUESTION in it, and wait a second for the first octet of an answer. HAND owns
 * the descriptor. Any thread. */
bool
self_probe_is_answered(void (*hand)(void *arg, int fd), void *arg,
                       const char *question, size_t len);

#endif
