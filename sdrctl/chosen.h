/* chosen.h - the sites, directories and entries that arguments name
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHOSEN_H
#define SDRCTL_CHOSEN_H

#include <stdbool.h>

#include "config/config.h"

/* The index of the directory with this name, compared without regard to case;
 * negative if there is none. As sdr_config_find_site(). */
int
find_directory(const struct sdr_config *config, const char *name);

/* A list of names that an argument can have: NULL after the last. */
typedef const char *
name_list(const struct sdr_config *config, unsigned index);

name_list directory_names, site_names;

/* Say that NAME is none of these: "no such KIND: NAME; known: a, b". */
void
set_unknown(struct sdr_error *error, const char *kind, const char *name,
            const struct sdr_config *config, name_list *names);

/* Set *SITE to the index of the site that the argument of OPTION names, 0 if
 * NAME is NULL. False, with the error, if there is none. */
bool
find_named_site(const struct sdr_config *config, const char *option,
                const char *name, unsigned *site, struct sdr_error *error);

/* Whether the argument of --filter is a filter, or NULL; else the error. */
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

/* True if each is in the list, compared without regard to case; else the error
 * is that of set_unknown(). */
bool
are_known(const struct chosen *chosen, const char *kind,
          const struct sdr_config *config, name_list *names,
          struct sdr_error *error);

/* Print the error that no replica is configured. Returns EX_CONFIG. */
int
report_no_replica(const struct sdr_config *config);

#endif
