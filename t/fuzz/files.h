/* files.h - loading configurations from memory
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * files.c replaces common/config/file_owner.c, through which the library opens
 * and checks all files that a configuration names. So a target opens no file,
 * whatever its input says.
 */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include <stddef.h>

#include "config/config.h"

/* The path of the loaded text. "/password" exists too and holds a password, and
 * each path that begins with "/there" passes the check of a file. */
#define FILES_CONF "/sdr.conf"

/* Load LEN octets of TEXT, with the results of sdr_config_load(). Counts the
 * reported mistakes, and checks that none has a control character. */
enum sdr_status SDR_MUST_USE
files_load(struct sdr_config **config, const char *text, size_t len,
           unsigned *mistake_count);

/* Load a TEXT that must be valid. The result is never freed. */
const struct sdr_config *
files_config(const char *text);

#endif
