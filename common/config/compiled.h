/* compiled.h - a configuration in a form that is read without a parser
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each process of Exim reads the configuration anew, and many ask one question.
 * FILE.compiled, beside the file, has what a decision from the replica needs of
 * it: no passwords, and nothing about connections. It also has the whole text
 * of the file, and counts as long as the file has just that text, whatever its
 * times and its inode are, and for the version that made it.
 */
#ifndef SDR_COMPILED_H
#define SDR_COMPILED_H

#include <stddef.h>

#include "config/config.h"
#include "status.h"

#define SDR_COMPILED_SUFFIX ".compiled"

/* Write CONFIG, loaded from a file with the text SOURCE, as text of *LEN octets
 * that the caller frees. NULL without memory. */
char *
sdr_compiled_write(const struct sdr_config *config, const char *source,
                   size_t source_len, size_t *len);

/* Read the compiled form of the file at PATH. Returns SDR_OK and a
 * configuration that the caller frees with sdr_config_free(), with is_compiled
 * set; SDR_NOTFOUND: there is none; SDR_INVALID with the reason: it is damaged,
 * was made from another text or by another version, or somebody could have
 * written it who could not write the file; or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_compiled_read(struct sdr_config **config, const char *path,
                  struct sdr_error *error);

#endif
