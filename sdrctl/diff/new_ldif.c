/* new_ldif.c - see new_ldif.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "diff/new_ldif.h"

#include <stdlib.h>
#include <string.h>

#include "config/file_owner.h"
#include "decision/profile.h"
#include "decision/source.h"
#include "ldif/ldif_entries.h"
#include "ldif/ldif_index.h"
#include "verify/addresses.h"

struct new_ldif {
    struct sdr_config config; /* as if the file were the directory */
    unsigned directory;
    char *text;
    struct ldif_index *index;
    struct sdr_substitute substitute;
};

bool
new_ldif_find_directory(const struct sdr_config *config, unsigned *directory)
{
    unsigned files = 0;

    for (unsigned i = 0; i < config->directory_count; i++) {
        if (config->directories[i].ldif_path == NULL)
            continue;
        *directory = i;
        files++;
    }
    if (files == 0 && config->directory_count == 1) {
        *directory = 0;
        return true;
    }
    return files == 1;
}

/* ---- a look-up ---- */

struct new_ldif_reader {
    const struct new_ldif *file;
    const struct sdr_keys *keys;
    struct sdr_reader reader;
    struct sdr_facts *facts;
    bool found;
};

static void
on_entry(void *arg, const char *dn)
{
    struct new_ldif_reader *reader = arg;
    const struct new_ldif *file = reader->file;

    sdr_reader_begin(&reader->reader, &file->config, reader->keys,
                     file->directory, dn);
    reader->reader.groups = ldif_index_groups(file->index);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct new_ldif_reader *reader = arg;

    sdr_reader_value(&reader->reader, attribute, value, len);
}

static void
on_entry_end(void *arg)
{
    struct new_ldif_reader *reader = arg;

    (void)sdr_reader_end(&reader->reader, reader->facts, &reader->found);
}

static enum sdr_status
look_up(void *arg, const struct sdr_keys *keys, struct sdr_facts *facts,
        struct sdr_error *error)
{
    const struct new_ldif *file = arg;
    struct new_ldif_reader reader = {
        .file = file, .keys = keys, .facts = facts};
    const struct sdr_search search = {.entry = on_entry,
                                      .value = on_value,
                                      .end = on_entry_end,
                                      .arg = &reader};
    enum sdr_status status =
        ldif_index_search(file->index, keys, &search, error);

    if (status != SDR_OK)
        return status;
    return reader.found ? SDR_OK : SDR_NOTFOUND;
}

void
new_ldif_use(struct new_ldif *file, struct sdr *sdr)
{
    file->substitute = (struct sdr_substitute){file->directory, look_up, file};
    sdr_set_substitute(sdr, &file->substitute);
}

enum sdr_status
new_ldif_addresses(const struct new_ldif *file, struct batch *batch,
                   struct sdr_error *error)
{
    return addresses_read_file(batch, &file->config, file->directory,
                               file->index, error);
}

/* ---- the file ---- */

/* Errors name the path that the configuration has. */
static bool
copy_config(struct new_ldif *file, const struct sdr_config *config,
            const char *path)
{
    size_t size = config->directory_count * sizeof *config->directories;

    file->config = *config;
    file->config.directories = malloc(size);
    if (file->config.directories == NULL)
        return false;
    memcpy(file->config.directories, config->directories, size);
    file->config.directories[file->directory].ldif_path = path;
    return true;
}

enum sdr_status
new_ldif_open(struct new_ldif **file, const struct sdr_config *config,
              unsigned directory, const char *path, struct sdr_error *error)
{
    struct new_ldif *new = calloc(1, sizeof *new);
    enum sdr_status status = SDR_TEMPFAIL;
    size_t len = 0;

    *file = NULL;
    sdr_error_set(error, "no memory");
    if (new == NULL)
        return SDR_TEMPFAIL;
    new->directory = directory;
    if (copy_config(new, config, path))
        status = sdr_file_read(path, false, LDIF_MAX_OCTETS, &new->text, &len,
                               error);
    if (status == SDR_OK)
        status = ldif_index_new(&new->index, &new->config, directory, new->text,
                                len, error);
    if (status == SDR_OK)
        *file = new;
    else
        new_ldif_close(&new);
    return status;
}

void
new_ldif_close(struct new_ldif **file)
{
    struct new_ldif *old = *file;

    *file = NULL;
    if (old == NULL)
        return;
    ldif_index_free(&old->index);
    free(old->text);
    free(old->config.directories);
    free(old);
}
