/* files.h - configurations from memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * files.c plays common/trust.c, the only door through which a configuration
 * reaches files: whatever a fuzzer writes into one, nothing outside the program
 * is opened.
 */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include <stddef.h>

#include "config/config.h"

/* The path of the text that is loaded. Beside it there are "/password", with
 * one in it, and all that begins with "/there". */
#define FILES_CONF "/sdr.conf"

/* Load LEN octets of TEXT; *mistake_count is the number of mistakes, each a
 * clean line.
 */
enum sdr_status SDR_MUST_USE
files_load(struct sdr_config **config, const char *text, size_t len,
           unsigned *mistake_count);

/* The same of one that must be right. It is never freed. */
const struct sdr_config *
files_config(const char *text);

#endif
