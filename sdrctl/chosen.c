/* chosen.c - see chosen.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "chosen.h"

#include <stdio.h>
#include <strings.h>
#include <sysexits.h>

int
find_directory(const struct sdr_config *config, const char *name)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (strcasecmp(config->directories[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

bool
is_chosen(const struct chosen *chosen, const char *name)
{
    for (int i = 0; i < chosen->count; i++) {
        if (strcasecmp(chosen->names[i], name) == 0)
            return true;
    }
    return chosen->count == 0;
}

bool
are_known(const struct chosen *chosen, const struct sdr_config *config,
          int (*find)(const struct sdr_config *config, const char *name))
{
    for (int i = 0; i < chosen->count; i++) {
        if (find(config, chosen->names[i]) < 0)
            return false;
    }
    return true;
}

int
report_no_replica(const struct sdr_config *config)
{
    fprintf(stderr, "sdrctl: %s: no path in [replica]\n", config->path);
    return EX_CONFIG;
}
