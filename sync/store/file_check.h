/* file_check.h - consistency check of an existing replica
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_FILE_CHECK_H
#define SYNC_FILE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <lmdb.h>

/* Read the value of the key "format" in the meta table. Sets *NUMBER to the
 * file's number. Returns false if another version wrote it. */
bool
file_check_format(const MDB_val *value, uint64_t *number);

/* Check the whole file FD before LMDB opens it, while there is no writer: its
 * pages, the seal of each value, and that addresses and entries match. Returns
 * 0 if it is consistent, or not a replica of this format; MDB_CORRUPTED if it
 * is a damaged replica; or an errno. */
int
file_check(int fd);

#endif
