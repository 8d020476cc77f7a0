/* chosen.h - the sites and directories that arguments name
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

/* The sites or directories named by arguments; all if there are no arguments.
 */
struct chosen {
    int count;
    char **names;
};

bool
is_chosen(const struct chosen *chosen, const char *name);

/* True if FIND finds each of the names. */
bool
are_known(const struct chosen *chosen, const struct sdr_config *config,
          int (*find)(const struct sdr_config *config, const char *name));

/* Print the error that no replica is configured. Returns EX_CONFIG. */
int
report_no_replica(const struct sdr_config *config);

#endif
