/* compiled.h - a configuration in a form that needs no parser
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each Exim process reads the configuration again, often for one look-up.
 * FILE.compiled, beside FILE, holds the part of it that a decision from the
 * replica needs: no passwords and no options of connections. It also holds the
 * whole text of FILE. It is valid as long as FILE has exactly this text,
 * whatever its times and inode number are, and only for the same versions of
 * sdr and libidn2. Any thread.
 */
#ifndef SDR_COMPILED_H
#define SDR_COMPILED_H

#include <stddef.h>

#include "config/config.h"
#include "status.h"

#define SDR_COMPILED_SUFFIX ".compiled"

/* Returns the compiled form of CONFIG, *LEN octets that the caller frees.
 * CONFIG was loaded from a file with the text SOURCE of SOURCE_LEN octets.
 * Returns NULL without memory, or if CONFIG has no replica. */
char *
sdr_compiled_write(const struct sdr_config *config, const char *source,
                   size_t source_len, size_t *len);

/* Read the compiled form of the file at PATH. Returns SDR_OK and a
 * configuration with is_compiled set, which the caller frees with
 * sdr_config_free(). Otherwise *CONFIG is NULL, and the caller loads the file
 * itself. Returns SDR_NOTFOUND if there is no compiled form. Returns
 * SDR_INVALID and the reason if it cannot be read, is damaged, was made from
 * another text or by another version, or could have been written by a user who
 * may not write the file. Without memory, returns SDR_TEMPFAIL or SDR_INVALID.
 */
enum sdr_status SDR_MUST_USE
sdr_compiled_read(struct sdr_config **config, const char *path,
                  struct sdr_error *error);

#endif
