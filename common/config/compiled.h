/* compiled.h - a configuration in a form that is read without a parser
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each process of Exim reads the configuration anew, and many ask one question.
 * FILE.compiled, beside the file, has what a decision from the replica needs of
 * it: no passwords, and nothing about connections. It counts as long as the
 * file is the one that it was made from, and for the version that made it.
 */
#ifndef SDR_COMPILED_H
#define SDR_COMPILED_H

#include <stdbool.h>
#include <sys/stat.h>

#include "config/config.h"
#include "status.h"

#define SDR_COMPILED_SUFFIX ".compiled"

/* Write CONFIG as text of *LEN octets that the caller frees; SOURCE is the file
 * that it was loaded from. NULL without memory. */
char *
sdr_compiled_write(const struct sdr_config *config, const struct stat *source,
                   size_t *len);

/* Read the compiled form of the file at PATH. Returns SDR_OK and a
 * configuration that the caller frees with sdr_config_free(), with is_compiled
 * set; else SDR_NOTFOUND: there is none, it was made from another file or by
 * another version, or, with effective user id 0, somebody but root could have
 * written it or the file. The reason goes to ERROR. */
enum sdr_status SDR_MUST_USE
sdr_compiled_read(struct sdr_config **config, const char *path,
                  struct sdr_error *error);

#endif
