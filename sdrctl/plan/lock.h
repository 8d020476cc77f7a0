/* lock.h - the lock of a state, which one process holds
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_LOCK_H
#define SDRCTL_LOCK_H

#include <stdbool.h>
#include <stddef.h>

/* Lock the file. Waits up to two seconds: --status locks it for a moment. */
bool
lock_take(int fd);

/* The ids of the other processes that have the file open, as " 123 124"; "" if
 * this process may not see any. */
void
lock_holders(int fd, char *text, size_t size);

#endif
