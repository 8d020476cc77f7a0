/* program.h - find a program
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PROGRAM_H
#define SDRCTL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* True if PATH is a regular file that this process may execute. */
bool
program_is(const char *path);

/* Look for a program in FOLDERS, which colons separate. Returns true with its
 * PATH of at most SIZE octets. */
bool
program_find(const char *folders, const char *name, char *path, size_t size);

#endif
