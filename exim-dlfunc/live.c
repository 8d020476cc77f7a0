/* live.c - see live.h: the functions of libsdr that exim-sdr.so does not have
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "live.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/compiled.h"
#include "config/file_owner.h"
#include "decision/sdr.h"
#include "log.h"
#include "process.h"
#include "replica/fingerprint.h"

static const struct live_build build = LIVE_BUILD;

/* "exim-sdr-live.so" beside this file. */
static bool
find_module(char path[PATH_MAX], struct sdr_error *error)
{
    static const char name[] = "exim-sdr-live.so";
    const char *slash = NULL;
    Dl_info self;

    if (dladdr(&build, &self) != 0)
        slash = strrchr(self.dli_fname, '/');
    if (slash == NULL || self.dli_fname[0] != '/'
        || snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - self.dli_fname),
                    self.dli_fname, name)
               >= PATH_MAX) {
        sdr_error_set(error, "%s: Exim must load exim-sdr.so by its full path",
                      name);
        return false;
    }
    return sdr_file_check(path, false, error) == SDR_OK;
}

/* NULL with the reason. */
static const struct live *
load_module(struct sdr_error *error)
{
    static const struct live *live;
    const struct live *found;
    char path[PATH_MAX];
    void *module;

    if (live != NULL)
        return live;
    if (!find_module(path, error))
        return NULL;
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    found = module != NULL ? dlsym(module, "sdr_live") : NULL;
    if (found == NULL)
        sdr_error_set(error, "%s", dlerror());
    else if (memcmp(&found->build, &build, sizeof build) != 0)
        sdr_error_set(error,
                      "%s: another version than exim-sdr.so; restart "
                      "Exim",
                      path);
    else
        live = found;
    return live;
}

/* What has to be done; a process says it once. */
static void
report_unusable(const struct sdr_error *reason)
{
    static bool reported;
    char line[64 + 4 * sizeof reason->text] =
        "sdr: not used, run sdrctl compile: ";
    size_t used = strlen(line);

    if (reported)
        return;
    reported = true;
    sdr_log_clean(line + used, sizeof line - used, reason->text,
                  strlen(reason->text), "");
    process_log(line);
}

enum sdr_status
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes)
{
    const struct live *live;
    struct sdr_error error = {""};
    enum sdr_status status = sdr_compiled_read(config, path, &error);

    if (status == SDR_OK)
        return SDR_OK;
    if (status == SDR_INVALID)
        report_unusable(&error);
    live = load_module(&error);
    if (live != NULL)
        return live->config_load(config, path, mistakes);
    *config = NULL;
    sdr_trace(mistakes, "%s", error.text);
    return SDR_CONFIG;
}

/* ---- directories ---- */

struct sdr_directory {
    const struct sdr_config *config;
    unsigned index;
    struct sdr_config *loaded;  /* in place of one that is compiled */
    struct sdr_directory *real; /* NULL: nobody has asked yet */
};

struct sdr_directory *
sdr_directory_new(const struct sdr_config *config, unsigned index)
{
    struct sdr_directory *directory = calloc(1, sizeof *directory);

    if (directory != NULL) {
        directory->config = config;
        directory->index = index;
    }
    return directory;
}

void
sdr_directory_free(struct sdr_directory **directory)
{
    struct sdr_directory *d = *directory;
    struct sdr_error ignored;

    *directory = NULL;
    if (d == NULL)
        return;
    if (d->real != NULL)
        load_module(&ignored)->directory_free(&d->real);
    sdr_config_free(&d->loaded);
    free(d);
}

static void
keep_first(void *arg, const char *line)
{
    struct sdr_error *mistake = arg;

    if (mistake->text[0] == '\0')
        sdr_error_set(mistake, "%s", line);
}

/* True if sites, domains and this directory are the same in both: then what
 * is found under one counts under the other. */
static bool
means_the_same(const struct sdr_config *a, const struct sdr_config *b,
               unsigned index)
{
    unsigned char x[SDR_RECORD_FINGERPRINT], y[SDR_RECORD_FINGERPRINT];

    return index < a->directory_count && index < b->directory_count
           && sdr_fingerprint(a, index, x) && sdr_fingerprint(b, index, y)
           && memcmp(x, y, sizeof x) == 0;
}

static enum sdr_status
make_real(const struct live *live, struct sdr_directory *directory,
          struct sdr_error *error)
{
    const struct sdr_config *config = directory->config;
    const struct sdr_trace mistakes = {keep_first, error};

    error->text[0] = '\0';
    if (config->is_compiled) {
        if (directory->loaded == NULL
            && live->config_load(&directory->loaded, config->path, &mistakes)
                   != SDR_OK)
            return SDR_TEMPFAIL;
        if (!means_the_same(config, directory->loaded, directory->index)) {
            sdr_config_free(&directory->loaded);
            sdr_error_set(error, "%s: has just changed", config->path);
            return SDR_TEMPFAIL;
        }
        config = directory->loaded;
    }
    directory->real = live->directory_new(config, directory->index);
    if (directory->real != NULL)
        return SDR_OK;
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_directory_lookup(struct sdr_directory *directory,
                     const struct sdr_keys *keys, const struct sdr_trace *trace,
                     struct sdr_facts *facts, struct sdr_error *error)
{
    const struct live *live = load_module(error);

    if (live == NULL
        || (directory->real == NULL
            && make_real(live, directory, error) != SDR_OK))
        return SDR_TEMPFAIL;
    return live->directory_lookup(directory->real, keys, trace, facts, error);
}

/* Nobody asks Exim for figures. */
void
sdr_directory_count(const struct sdr_directory *directory,
                    void (*server)(void *arg,
                                   const struct sdr_server_count *count),
                    void *arg)
{
    (void)directory;
    (void)server;
    (void)arg;
}
