/* same_file.h - whether a file is unchanged
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDR_SAME_FILE_H
#define SDR_SAME_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Returns true if the file was not written, replaced, or given another owner or
 * mode between the two calls of stat(2). Any thread. */
bool
sdr_same_file(const struct stat *before, const struct stat *now);

#endif
