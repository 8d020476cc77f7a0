/* files.c - see files.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "files.h"

#include "fuzz.h"
#include "config/file_owner.h"

#define PASSWORD "secret\n"

static const char *conf;
static size_t conf_len;

enum sdr_status
sdr_file_read(const char *path, bool secret, size_t max, char **text,
              size_t *len, struct sdr_error *error)
{
    bool is_conf = strcmp(path, FILES_CONF) == 0 && !secret;

    if (!is_conf && strcmp(path, "/password") != 0) {
        sdr_error_set(error, "%s: no such file", path);
        return SDR_CONFIG;
    }
    *len = is_conf ? conf_len : sizeof PASSWORD - 1;
    if (*len > max) {
        sdr_error_set(error, "%s: longer than %zu octets", path, max);
        return SDR_CONFIG;
    }
    *text = fuzz_text(is_conf ? conf : PASSWORD, *len);
    return SDR_OK;
}

enum sdr_status
sdr_file_check(const char *path, bool secret, struct sdr_error *error)
{
    (void)secret;
    if (strncmp(path, "/there", 6) == 0
        || strcmp(path, "/etc/ssl/certs/ca-certificates.crt") == 0)
        return SDR_OK;
    sdr_error_set(error, "%s: no such file", path);
    return SDR_CONFIG;
}

enum sdr_status
sdr_file_check_replica(const char *path, struct sdr_error *error)
{
    sdr_error_set(error, "%s: no such file", path);
    return SDR_CONFIG;
}

static void
count(void *arg, const char *line)
{
    FUZZ_RULE(fuzz_is_clean(line));
    ++*(unsigned *)arg;
}

enum sdr_status
files_load(struct sdr_config **config, const char *text, size_t len,
           unsigned *mistake_count)
{
    const struct sdr_trace mistakes = {count, mistake_count};

    *mistake_count = 0;
    conf = text;
    conf_len = len;
    return sdr_config_load(config, FILES_CONF, &mistakes);
}

const struct sdr_config *
files_config(const char *text)
{
    struct sdr_config *config;
    unsigned mistake_count;

    FUZZ_RULE(files_load(&config, text, strlen(text), &mistake_count)
              == SDR_OK);
    return config;
}
