/* load.h - a configuration file while it is read and checked
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Private to load.c, the sources that it calls to read options, and check.c and
 * check_*.c, which check them. "sdrctl plan" reads a file of the same form with
 * sdr_load_file(), sdr_load_options() and sdr_load_report(). Each thread uses
 * its own struct sdr_load.
 */
#ifndef SDR_LOAD_H
#define SDR_LOAD_H

#include <stdbool.h>

#include "config/config.h"

struct ini_cfgobj;
struct sdr_option;
struct value_obj;

struct sdr_mistake {
    unsigned line;  /* UINT_MAX: none */
    unsigned order; /* 1 for the first one found */
    char *text;
};

struct sdr_load {
    const char *path;
    const struct sdr_option *options; /* all options of this kind of file */
    unsigned option_count;
    struct sdr_config *config; /* NULL: the file is not sdr.conf */
    char *text; /* the whole file, after a first line of our own */
    struct ini_cfgobj *parsed;
    struct sdr_mistake *mistakes;
    unsigned mistake_count;
    bool no_memory;
};

/* ---- mistakes and lines: mistake.c ---- */

/* Note a mistake at LINE; 0: it has no line. */
SDR_PRINTF(3, 4)
void
sdr_load_mistake(struct sdr_load *load, unsigned line, const char *format, ...);

/* Report the mistakes in the order of the file, those without a line last, and
 * free them. TRACE may be NULL. */
void
sdr_load_report(struct sdr_load *load, const struct sdr_trace *trace);

/* Append one zeroed object of SIZE octets to an array of *COUNT. ARRAY is the
 * address of the pointer to it, of any type; the caller frees the array.
 * Returns the new object; NULL, with no_memory set, without memory. */
void *
sdr_load_grow(struct sdr_load *load, void *array, unsigned *count, size_t size);

/* Returns the first or the next value of OPTION, as MODE says:
 * INI_GET_FIRST_VALUE or INI_GET_NEXT_VALUE of libini_config. NULL if there is
 * none. Borrowed from load->parsed. */
struct value_obj *
sdr_load_value(const struct sdr_load *load, const char *section,
               const char *option, int mode);

/* Returns the line of a value; 0 if it has none. */
unsigned
sdr_load_value_line(struct value_obj *value);

/* Returns the line of the first value of OPTION in the section "KIND NAME"; in
 * "KIND" if NAME is NULL; before all sections if KIND is "". 0 if the option is
 * not given. */
unsigned
sdr_load_line(const struct sdr_load *load, const char *kind, const char *name,
              const char *option);

/* The same for an option of DIRECTORY. */
unsigned
sdr_load_directory_line(const struct sdr_load *load,
                        const struct sdr_directory_options *directory,
                        const char *option);

/* The same for the value with this index, from 0, of a repeatable option. */
unsigned
sdr_load_line_of(const struct sdr_load *load, const char *kind,
                 const char *name, const char *option, unsigned index);

/* Returns the first line of the section "KIND NAME"; 0 if there is none. */
unsigned
sdr_load_section(const struct sdr_load *load, const char *kind,
                 const char *name);

/* Returns the line of the first "[SECTION]"; 0 if there is none. */
unsigned
sdr_load_find(const struct sdr_load *load, const char *section);

/* ---- reading: load.c, syntax.c and section.c ---- */

/* Read and parse the file, of at most SDR_CONFIG_MAX_OCTETS. Returns SDR_OK.
 * Returns SDR_CONFIG after noting a mistake, or after reporting to TRACE that
 * the file cannot be read. Returns SDR_TEMPFAIL without memory. Whatever the
 * result, the caller frees load->text and load->parsed. */
enum sdr_status SDR_MUST_USE
sdr_load_file(struct sdr_load *load, const struct sdr_trace *trace);

/* Note an error in TEXT that the parser would not explain: a NUL, a byte order
 * mark, octets that are not UTF-8. Returns SDR_OK, or SDR_CONFIG after noting
 * it. */
enum sdr_status
sdr_load_check_text(struct sdr_load *load, const char *text, size_t len);

/* Parse TEXT into load->parsed. Line numbers do not count its first line.
 * Returns SDR_OK, SDR_CONFIG after noting a mistake, or SDR_TEMPFAIL without
 * memory. */
enum sdr_status
sdr_load_parse(struct sdr_load *load, char *text, size_t len);

/* Set all options of KIND in OBJECT: to their values in SECTION, else to their
 * defaults. Notes options that are unknown, missing or not valid. The texts are
 * borrowed from load->parsed. */
void
sdr_load_options(struct sdr_load *load, const char *kind, const char *section,
                 void *object);

/* Returns NAME if SECTION is "KIND NAME", borrowed from SECTION; else NULL. A
 * name with a control character does not count. */
const char *
sdr_load_name(const char *section, const char *kind);

/* Set all options and section names of load->config. Notes unknown sections. */
void
sdr_load_sections(struct sdr_load *load);

/* ---- checking: check.c and check_*.c ---- */

/* Resolve names to indices, expand routing domains, read the password files,
 * and check all options together. Notes every mistake. */
void
sdr_check(struct sdr_load *load);

/* Returns the first % in TEMPLATE that is not part of %d; NULL if there is none
 * or TEMPLATE is NULL. */
const char *
sdr_check_percent(const char *template);

/* The part of sdr_check() for domains; call it after the sites are checked. */
void
sdr_check_domains(struct sdr_load *load);

/* The part for one directory; call it after its default-owner is resolved. */
void
sdr_check_directory(struct sdr_load *load,
                    struct sdr_directory_options *directory);

/* The part of sdr_check_directory() for search-base, filter, attributes and
 * catch-all. */
void
sdr_check_search(struct sdr_load *load,
                 const struct sdr_directory_options *directory);

#endif
