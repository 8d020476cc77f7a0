/* fingerprint.c - see fingerprint.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

/* Write a text with its length, so that different lists never look alike. */
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
    put(out, mapping->catch_all);
    put_list(out, &directory->hold_values);
    fprintf(out, "%u %d %d %d\n", directory->default_owner,
            mapping->routing_wins, mapping->contacts, (int)mapping->outside);
}

static void
put_all(FILE *out, const struct sdr_config *config, unsigned directory)
{
    fprintf(out, "%u %u\n", directory, config->site_count);
    for (unsigned i = 0; i < config->site_count; i++) {
        put(out, config->sites[i].name);
        put_list(out, &config->sites[i].owner_values);
    }
    for (unsigned i = 0; i < config->name_count; i++) {
        const struct sdr_name *name = &config->names[i];

        put(out, name->domain);
        fprintf(out, "%d %u %u\n", (int)name->kind, name->site, name->split);
    }
    put_directory(out, &config->directories[directory]);
}

bool
sdr_fingerprint(const struct sdr_config *config, unsigned directory,
                unsigned char digest[SDR_RECORD_FINGERPRINT])
{
    unsigned char sha[32];
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool ok = out != NULL;

    if (ok) {
        put_all(out, config, directory);
        ok = fclose(out) == 0
             && gnutls_hash_fast(GNUTLS_DIG_SHA256, text, size, sha) == 0;
    }
    if (ok)
        memcpy(digest, sha, SDR_RECORD_FINGERPRINT);
    free(text);
    return ok;
}
