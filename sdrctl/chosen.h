/* chosen.h - sites, directories and entries named by arguments
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHOSEN_H
#define SDRCTL_CHOSEN_H

#include <stdbool.h>

#include "config/config.h"

/* Returns the index of the directory with this name, compared
 * case-insensitively, or a negative value if there is none. */
int
find_directory(const struct sdr_config *config, const char *name);

/* Returns name number INDEX that an argument may have, or NULL after the last.
 */
typedef const char *
name_list(const struct sdr_config *config, unsigned index);

name_list directory_names, site_names;

/* Set the error to "no such KIND: NAME; known: a, b". */
void
set_unknown(struct sdr_error *error, const char *kind, const char *name,
            const struct sdr_config *config, name_list *names);

/* Set *SITE to the index of the site NAME, the argument of OPTION, or to 0 if
 * NAME is NULL. Returns false, with the error, if there is no such site. */
bool
find_named_site(const struct sdr_config *config, const char *option,
                const char *name, unsigned *site, struct sdr_error *error);

/* Returns true if the argument of --filter is in parentheses or NULL. Otherwise
 * sets the error. */
bool
is_filter(const char *filter, struct sdr_error *error);

/* The sites or directories named by arguments; all if there are no arguments.
 */
struct chosen {
    int count;
    char **names;
};

bool
is_chosen(const struct chosen *chosen, const char *name);

/* Returns true if each name is in the list, compared case-insensitively.
 * Otherwise sets the error as set_unknown() does. */
bool
are_known(const struct chosen *chosen, const char *kind,
          const struct sdr_config *config, name_list *names,
          struct sdr_error *error);

/* Print the error that no replica is configured. Returns EX_CONFIG. */
int
report_no_replica(const struct sdr_config *config);

#endif
