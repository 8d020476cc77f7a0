/* load.h - a configuration file on its way in
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Shared by load.c, what it calls to read the options, and check.c and
 * check_*.c, which judge them together. sdrctl reads another file of the same
 * form: sdr_load_file(), sdr_load_options() and sdr_load_report(). Private.
 */
#ifndef SDR_LOAD_H
#define SDR_LOAD_H

#include <stdbool.h>

#include "config/config.h"

struct ini_cfgobj;
struct sdr_option;
struct value_obj;

struct sdr_mistake {
    unsigned line;  /* UINT_MAX: it has none */
    unsigned order; /* in which they were found */
    char *text;
};

struct sdr_load {
    const char *path;
    const struct sdr_option *options; /* all that the file may have */
    unsigned option_count;
    struct sdr_config *config; /* NULL: the file is not sdr.conf */
    char *text;                /* the whole file */
    struct ini_cfgobj *parsed; /* it, parsed */
    struct sdr_mistake *mistakes;
    unsigned mistake_count;
    bool no_memory;
};

/* ---- mistakes and lines: mistake.c ---- */

/* Note a mistake at LINE; 0 if it has none. */
SDR_PRINTF(3, 4)
void
sdr_load_mistake(struct sdr_load *load, unsigned line, const char *format, ...);

/* Report and free them, in the order of the file; those without a line at last.
 */
void
sdr_load_report(struct sdr_load *load, const struct sdr_trace *trace);

/* One zeroed object more at the end of an array; NULL without memory. */
void *
sdr_load_grow(struct sdr_load *load, void *array, unsigned *count, size_t size);

/* The value of OPTION, the first or the next as the MODE of libini_config says;
 * NULL if there is none. Its line; 0 if it has none. */
struct value_obj *
sdr_load_value(const struct sdr_load *load, const char *section,
               const char *option, int mode);

unsigned
sdr_load_value_line(struct value_obj *value);

/* The line of the first value of OPTION in "KIND NAME" (or the main section
 * if KIND is ""), 0 if it is not given. */
unsigned
sdr_load_line(const struct sdr_load *load, const char *kind, const char *name,
              const char *option);

/* The same for an option of this directory. */
unsigned
sdr_load_directory_line(const struct sdr_load *load,
                        const struct sdr_directory_options *directory,
                        const char *option);

/* The line of the value with this index, from 0, of an option that is a list.
 */
unsigned
sdr_load_line_of(const struct sdr_load *load, const char *kind,
                 const char *name, const char *option, unsigned index);

/* The line of the section "KIND NAME", 0 if it is not found. */
unsigned
sdr_load_section(const struct sdr_load *load, const char *kind,
                 const char *name);

/* The line of the first "[SECTION]", 0 if it is not found. */
unsigned
sdr_load_find(const struct sdr_load *load, const char *section);

/* ---- reading: load.c, syntax.c and section.c ---- */

/* Read and parse the file, at most 1 MiB. SDR_OK; SDR_CONFIG after at least one
 * mistake, or after a line to TRACE; SDR_TEMPFAIL without memory. The caller
 * frees text and parsed in any case. */
enum sdr_status SDR_MUST_USE
sdr_load_file(struct sdr_load *load, const struct sdr_trace *trace);

/* Note what the parser would fail on without an explanation. */
enum sdr_status
sdr_load_check_text(struct sdr_load *load, const char *text, size_t len);

/* Parse TEXT, of which the first line does not count, into load->parsed. */
enum sdr_status
sdr_load_parse(struct sdr_load *load, char *text, size_t len);

/* Set the options of KIND in OBJECT, by their values in SECTION. Texts live as
 * long as what is parsed. */
void
sdr_load_options(struct sdr_load *load, const char *kind, const char *section,
                 void *object);

/* If SECTION is "KIND NAME", the name; else NULL. */
const char *
sdr_load_name(const char *section, const char *kind);

/* Set all options of sdr.conf, and the names of its sections. */
void
sdr_load_sections(struct sdr_load *load);

/* ---- judging: check.c and check_*.c ---- */

/* Resolve names to indices, expand routing domains, read the files that are
 * named, and judge everything together. Notes every mistake. */
void
sdr_check(struct sdr_load *load);

/* The first % that is not %d; NULL if there is none. */
const char *
sdr_check_percent(const char *template);

/* The part of it for domains, once the sites are known. */
void
sdr_check_domains(struct sdr_load *load);

/* The part for one directory; its default owner is known. */
void
sdr_check_directory(struct sdr_load *load,
                    struct sdr_directory_options *directory);

/* The options that say how one directory is searched. */
void
sdr_check_search(struct sdr_load *load,
                 const struct sdr_directory_options *directory);

#endif
