/* alive.h - whether somebody answers at a socket of ours
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that ticks proves only itself. An answer proves those that serve.
 */
#ifndef SDR_MILTER_ALIVE_H
#define SDR_MILTER_ALIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Connect to PATH, send LEN octets of QUESTION, and wait a second for the first
 * octet of an answer. Any thread. */
bool
alive_at(const char *path, const char *question, size_t len);

#endif
