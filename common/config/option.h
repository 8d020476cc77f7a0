/* option.h - the table of all options of sdr.conf(5)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One row says everything about an option; reading, the manual's check and the
 * example follow it. A default is text, read by the code that reads the file.
 */
#ifndef SDR_OPTION_H
#define SDR_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "status.h"

enum sdr_option_type {
    SDR_OPTION_TEXT,   /* const char * */
    SDR_OPTION_LIST,   /* struct sdr_list; may be repeated */
    SDR_OPTION_NUMBER, /* unsigned, within the range */
    SDR_OPTION_OCTAL,  /* unsigned, written in octal, within the range */
    SDR_OPTION_CHOICE, /* an enum or bool */
};

struct sdr_choice {
    const char *name; /* NULL ends the table */
    unsigned value;
};

struct sdr_option {
    const char *section; /* "", "site", "domain", "directory", "milter" */
    const char *name;
    enum sdr_option_type type;
    size_t offset;                    /* of its field */
    size_t size;                      /* of its field */
    const char *fallback;             /* NULL: none */
    const char *const *fallback_list; /* NULL: none; ended by NULL */
    unsigned min, max;
    const struct sdr_choice *choices;
    bool required;
    const char *help;
};

extern const struct sdr_option sdr_options[];
extern const unsigned sdr_option_count;

/* Read TEXT, which lives as long as the object, into the option's field of
 * OBJECT; a list grows by it. Returns SDR_OK; SDR_INVALID, with the reason,
 * and the field untouched; or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_option_set(const struct sdr_option *option, void *object, const char *text,
               struct sdr_error *error);

/* Give the field its default. Results as above. */
enum sdr_status SDR_MUST_USE
sdr_option_default(const struct sdr_option *option, void *object,
                   struct sdr_error *error);

/* Add a text to a list. False without memory. */
bool
sdr_list_add(struct sdr_list *list, const char *item);

#endif
