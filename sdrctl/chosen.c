/* chosen.c - see chosen.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "chosen.h"

#include <stdio.h>
#include <string.h>
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

const char *
directory_names(const struct sdr_config *config, unsigned index)
{
    return index < config->directory_count ? config->directories[index].name
                                           : NULL;
}

const char *
site_names(const struct sdr_config *config, unsigned index)
{
    return index < config->site_count ? config->sites[index].name : NULL;
}

void
set_unknown(struct sdr_error *error, const char *kind, const char *name,
            const struct sdr_config *config, name_list *names)
{
    char known[sizeof error->text] = "";
    size_t used = 0;

    for (unsigned i = 0; names(config, i) != NULL && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 i > 0 ? ", " : "", names(config, i));
    sdr_error_set(error, "no such %s: %s; known: %s", kind, name, known);
}

static bool
is_known(const char *name, const struct sdr_config *config, name_list *names)
{
    for (unsigned i = 0; names(config, i) != NULL; i++) {
        if (strcasecmp(names(config, i), name) == 0)
            return true;
    }
    return false;
}

bool
are_known(const struct chosen *chosen, const char *kind,
          const struct sdr_config *config, name_list *names,
          struct sdr_error *error)
{
    for (int i = 0; i < chosen->count; i++) {
        if (!is_known(chosen->names[i], config, names)) {
            set_unknown(error, kind, chosen->names[i], config, names);
            return false;
        }
    }
    return true;
}

bool
find_named_site(const struct sdr_config *config, const char *option,
                const char *name, unsigned *site, struct sdr_error *error)
{
    int index = name != NULL ? sdr_config_find_site(config, name) : 0;

    if (index < 0) {
        set_unknown(error, "site", name, config, site_names);
        sdr_error_prefix(error, "%s", option);
        return false;
    }
    *site = (unsigned)index;
    return true;
}

bool
is_filter(const char *filter, struct sdr_error *error)
{
    if (filter == NULL
        || (filter[0] == '(' && filter[strlen(filter) - 1] == ')'))
        return true;
    sdr_error_set(error, "--filter: \"%s\" is not in parentheses (RFC 4515)",
                  filter);
    return false;
}

int
report_no_replica(const struct sdr_config *config)
{
    fprintf(stderr,
            "sdrctl: %s: no replica is configured: add a section [replica] "
            "with path = FILE\n",
            config->path);
    return EX_CONFIG;
}
