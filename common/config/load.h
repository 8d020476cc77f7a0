/* load.h - a configuration file on its way in
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Shared by load.c, which reads the options, and by check.c and
 * check_directory.c, which judge them together. Nobody else's.
 */
#ifndef SDR_LOAD_H
#define SDR_LOAD_H

#include <stdbool.h>

#include "config/config.h"

struct sdr_mistake {
    unsigned line;  /* UINT_MAX: it has none */
    unsigned order; /* in which they were found */
    char *text;
};

struct sdr_load {
    struct sdr_config *config;
    char *text; /* the whole file */
    struct sdr_mistake *mistakes;
    unsigned mistake_count;
    bool no_memory;
};

/* Note a mistake at LINE; 0 if it has none. sdr_config_load() reports all of
 * them, in the order of the file. */
SDR_PRINTF(3, 4)
void
sdr_load_mistake(struct sdr_load *load, unsigned line, const char *format, ...);

/* The line of the first value of OPTION in "KIND NAME" (or the main section
 * if KIND is ""), 0 if it is not given. */
unsigned
sdr_load_line(const struct sdr_load *load, const char *kind, const char *name,
              const char *option);

/* The same of the value with this index, from 0, of an option that is a list.
 */
unsigned
sdr_load_line_of(const struct sdr_load *load, const char *kind,
                 const char *name, const char *option, unsigned index);

/* The line of the section "KIND NAME", 0 if it is not found. */
unsigned
sdr_load_section(const struct sdr_load *load, const char *kind,
                 const char *name);

/* Resolve names to indices, expand routing domains, read the files that are
 * named, and judge everything together. Notes every mistake. */
void
sdr_check(struct sdr_load *load);

/* The part of it for one directory; its default owner is known. */
void
sdr_check_directory(struct sdr_load *load,
                    struct sdr_directory_options *directory);

#endif
