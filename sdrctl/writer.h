/* writer.h - the options of all commands that change a directory
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WRITER_H
#define SDRCTL_WRITER_H

#include <stdbool.h>

#include "admin.h"

struct writer {
    struct credentials credentials;
    bool dry_run, json, quiet, wait;
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

/* Take the option that getopt_long() has found. False if it is none of these.
 */
bool
writer_option(struct writer *writer, int option);

/* What does not go together; NULL if all does. */
const char *
writer_misuse(const struct writer *writer);

#endif
