/* fingerprint.c - see fingerprint.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each text with its length: no two lists look alike. */
static void
put(FILE *out, const char *text)
{
    if (text == NULL)
        fputs("-\n", out);
    else
        fprintf(out, "%zu %s\n", strlen(text), text);
}

static void
put_list(FILE *out, const struct sdr_list *list)
{
    fprintf(out, "%u\n", list->count);
    for (unsigned i = 0; i < list->count; i++)
        put(out, list->items[i]);
}

static void
put_directory(FILE *out, const struct sdr_directory_options *directory)
{
    const struct sdr_mapping *mapping = &directory->mapping;

    put(out, directory->name);
    put(out, directory->search_base);
    put(out, directory->filter);
    put_list(out, &mapping->addresses);
    put(out, mapping->owner);
    put(out, mapping->routing);
    put(out, mapping->hold);
    fprintf(out, "%u %d %d\n", directory->default_owner, mapping->routing_wins,
            mapping->routing_outside_ok);
}

char *
sdr_fingerprint(const struct sdr_config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    fprintf(out, "%u\n", config->site_count);
    for (unsigned i = 0; i < config->site_count; i++) {
        put(out, config->sites[i].name);
        put_list(out, &config->sites[i].owner_values);
    }
    for (unsigned i = 0; i < config->name_count; i++) {
        const struct sdr_name *name = &config->names[i];

        put(out, name->domain);
        fprintf(out, "%d %u %u\n", (int)name->kind, name->site, name->split);
    }
    for (unsigned i = 0; i < config->directory_count; i++)
        put_directory(out, &config->directories[i]);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
