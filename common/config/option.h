/* option.h - the table of all options of sdr.conf(5)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One row describes an option completely. The reader of the file and the tests
 * of the manual and the example use this table. A default is a text and is read
 * like a value in the file. Any thread may read the table.
 */
#ifndef SDR_OPTION_H
#define SDR_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "status.h"

enum sdr_option_type {
    SDR_OPTION_TEXT,   /* const char * */
    SDR_OPTION_LIST,   /* struct sdr_list; repeatable */
    SDR_OPTION_NUMBER, /* unsigned, within the range */
    SDR_OPTION_OCTAL,  /* unsigned, written in octal, within the range */
    SDR_OPTION_CHOICE, /* an enum or bool */
};

struct sdr_choice {
    const char *name; /* NULL ends the table */
    unsigned value;
};

struct sdr_option {
    const char *section; /* kind of section: "site"; "": before all sections */
    const char *name;
    enum sdr_option_type type;
    size_t offset;                    /* of its field */
    size_t size;                      /* of its field */
    const char *fallback;             /* the default; NULL: none */
    const char *const *fallback_list; /* likewise for a list; ends with NULL */
    unsigned min, max;                /* of a number, both allowed */
    const struct sdr_choice *choices;
    bool required;
    const char *help;
};

extern const struct sdr_option sdr_options[];
extern const unsigned sdr_option_count;

/* Set the option's field in OBJECT from TEXT, or append TEXT to the field if it
 * is a list. The text is not copied: it must stay as long as OBJECT. Returns
 * SDR_OK. Otherwise the field stays unchanged: returns SDR_INVALID and the
 * reason, or SDR_TEMPFAIL without memory. */
enum sdr_status SDR_MUST_USE
sdr_option_set(const struct sdr_option *option, void *object, const char *text,
               struct sdr_error *error);

/* Set the field to the option's default, if it has one; else leave it. Returns
 * the same results, but a list may have got some of its values. */
enum sdr_status SDR_MUST_USE
sdr_option_default(const struct sdr_option *option, void *object,
                   struct sdr_error *error);

/* Append ITEM, which is not copied, to a list. Returns false, with the list
 * unchanged, without memory. The caller frees LIST->items. */
bool
sdr_list_add(struct sdr_list *list, const char *item);

#endif
