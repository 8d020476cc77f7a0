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
#include "config/file_owner.h"
#include "chosen.h"
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

/* The file has the text, loaded as CONFIG. */
static int
compile(const char *path, const struct sdr_config *config, const char *source,
        size_t source_len)
{
    size_t len = 0;
    char *text = sdr_compiled_write(config, source, source_len, &len);
    char *compiled = NULL;
    struct stat st;
    int code = EX_TEMPFAIL;

    if (text == NULL || asprintf(&compiled, "%s" SDR_COMPILED_SUFFIX, path) < 0)
        fprintf(stderr, "sdrctl: no memory\n");
    else if (stat(path, &st) != 0)
        fprintf(stderr, "sdrctl: %s: %s\n", path, strerror(errno));
    else
        code = replace(compiled, text, len, &st);
    free(compiled);
    free(text);
    return code;
}

/* True if the file at PATH has this text. */
static bool
still_has(const char *path, const char *text, size_t len)
{
    struct sdr_error ignored;
    char *now = NULL;
    size_t now_len;
    bool same = sdr_file_read(path, false, SDR_CONFIG_MAX_OCTETS, &now,
                              &now_len, &ignored)
                    == SDR_OK
                && now_len == len && memcmp(now, text, len) == 0;

    free(now);
    return same;
}

/* Loaded anew, between two reads of the text: the file may have changed since
 * it was opened. */
static int
compile_file(const char *path)
{
    struct sdr_config *config = NULL;
    struct sdr_error error = {"no memory"};
    char *source = NULL;
    size_t len;
    int code = EX_TEMPFAIL;

    if (sdr_file_read(path, false, SDR_CONFIG_MAX_OCTETS, &source, &len, &error)
        != SDR_OK)
        fprintf(stderr, "sdrctl: %s\n", error.text);
    else if (sdr_config_load(&config, path, NULL) == SDR_OK
             && still_has(path, source, len))
        code = compile(path, config, source, len);
    else
        fprintf(stderr, "sdrctl: %s: it has just changed, try again\n", path);
    sdr_config_free(&config);
    free(source);
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
