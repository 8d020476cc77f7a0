/* options.h - the options of all commands that change a directory
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WRITER_H
#define SDRCTL_WRITER_H

#include <stdbool.h>

#include "change/admin.h"

struct writer {
    struct credentials credentials;
    bool dry_run, json, quiet, wait;
    /* not options, but of a plan */
    const char *origin; /* the step; NULL: none */
    bool brief;         /* print counts, not each change */
};

/* For getopt_long(): the letters, and rows of a table. */
#define WRITER_LETTERS "D:y:nq"
/* clang-format off */
#define WRITER_OPTIONS                                 \
    {"bind-dn", required_argument, NULL, 'D'},         \
    {"password-file", required_argument, NULL, 'y'},   \
    {"external", no_argument, NULL, 'x'},              \
    {"gssapi", no_argument, NULL, 'g'},                \
    {"dry-run", no_argument, NULL, 'n'},               \
    {"json", no_argument, NULL, 'j'},                  \
    {"quiet", no_argument, NULL, 'q'},                 \
    {"wait", no_argument, NULL, 'w'}
/* clang-format on */

/* Read the option found by getopt_long(). False if it is not one of these. */
bool
writer_option(struct writer *writer, int option);

/* False, with the error, if options cannot be combined. */
bool
writer_is_valid(const struct writer *writer, struct sdr_error *error);

#endif
