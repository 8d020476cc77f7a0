/* compile.c - sdrctl compile: the configuration as exim-sdr.so reads it quickly
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "config/compiled.h"
#include "chosen.h"
#include "same_file.h"
#include "usage.h"

/* A file that was not there before; -1 and errno. Who can read SOURCE can read
 * it. */
static int
create(const char *path, const struct stat *source)
{
    int fd;

    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0
        && (fchown(fd, source->st_uid, source->st_gid) != 0
            || fchmod(fd, source->st_mode & 0644) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool
write_file(const char *path, const char *text, size_t len,
           const struct stat *source)
{
    int fd = create(path, source);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = out != NULL && fwrite(text, 1, len, out) == len;

    if (out != NULL)
        return fclose(out) == 0 && ok;
    if (fd >= 0)
        close(fd);
    return false;
}

/* Put the text in the place of what is at PATH. */
static int
replace(const char *path, const char *text, size_t len,
        const struct stat *source)
{
    char *aside = NULL;
    int code = EX_OK;

    if (asprintf(&aside, "%s.new", path) < 0)
        return EX_TEMPFAIL;
    if (!write_file(aside, text, len, source) || rename(aside, path) != 0) {
        fprintf(stderr, "sdrctl: %s: %s\n", path, strerror(errno));
        unlink(aside);
        code = EX_CANTCREAT;
    }
    free(aside);
    return code;
}

static int
compile(const char *path, const struct sdr_config *config,
        const struct stat *source)
{
    size_t len = 0;
    char *text = sdr_compiled_write(config, source, &len), *compiled = NULL;
    int code = EX_TEMPFAIL;

    if (text != NULL
        && asprintf(&compiled, "%s" SDR_COMPILED_SUFFIX, path) >= 0)
        code = replace(compiled, text, len, source);
    free(compiled);
    free(text);
    return code;
}

/* Read anew: the file may have changed since it was opened. */
static int
compile_file(const char *path)
{
    struct sdr_config *config = NULL;
    struct stat before, source;
    int code = EX_TEMPFAIL;

    if (stat(path, &before) == 0
        && sdr_config_load(&config, path, NULL) == SDR_OK
        && stat(path, &source) == 0 && sdr_same_file(&before, &source))
        code = compile(path, config, &source);
    else
        fprintf(stderr, "sdrctl: %s: it has just changed, try again\n", path);
    sdr_config_free(&config);
    return code;
}

int
command_compile(struct sdr *sdr, int argc, char **argv)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    const struct sdr_config *config = sdr_get_config(sdr);

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return usage_hint("compile");
    if (optind < argc)
        return usage_error("compile", "expected no arguments");
    if (config->replica.path == NULL)
        return report_no_replica(config);
    return compile_file(config->path);
}
