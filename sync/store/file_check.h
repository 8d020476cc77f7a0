/* file_check.h - is a replica that is there what sdr-sync has written?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_FILE_CHECK_H
#define SYNC_FILE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <lmdb.h>

/* Read the value of the key "format" of the table of the file itself: *NUMBER
 * is the file's. False if another version wrote it. */
bool
file_check_format(const MDB_val *value, uint64_t *number);

/* Look at all of the file FD, to which nobody writes, before LMDB does: its
 * pages, the seal of each value, and that addresses and entries belong
 * together. Returns 0: it is sound, or not for us to judge; MDB_CORRUPTED: it
 * is a replica that was damaged; or an errno. */
int
file_check(int fd);

#endif
