/* choice.c - what a subcommand works on: directories by name, the replica
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <strings.h>
#include <sysexits.h>

#include "sdrctl.h"

bool
is_chosen(const struct chosen *chosen,
          const struct sdr_directory_options *directory)
{
    for (int i = 0; i < chosen->count; i++) {
        if (strcasecmp(chosen->names[i], directory->name) == 0)
            return true;
    }
    return chosen->count == 0;
}

static bool
is_known(const struct sdr_config *config, const char *name)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (strcasecmp(config->directories[i].name, name) == 0)
            return true;
    }
    return false;
}

bool
is_choice(const struct sdr_config *config, const struct chosen *chosen)
{
    for (int i = 0; i < chosen->count; i++) {
        if (!is_known(config, chosen->names[i]))
            return false;
    }
    return true;
}

int
no_replica(const struct sdr_config *config)
{
    fprintf(stderr, "%s: there is no [replica] with a path\n", config->path);
    return EX_CONFIG;
}
