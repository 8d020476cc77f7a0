/* load.c - see config.h and load.h: load a file
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ini_configobj.h>

#include "config/file_owner.h"
#include "config/option.h"

/* libini_config loses the first option before any section. So we put a section
 * line in front of the text; reported line numbers do not count it. */
static const char first_line[] = "[" INI_DEFAULT_SECTION "]\n";

/* Indentation means nothing, but libini_config accepts it only before options.
 */
static void
remove_indentation(char *text)
{
    char *out = text;

    for (const char *s = text; *s != '\0'; *out++ = *s++) {
        if (s == text || s[-1] == '\n')
            s += strspn(s, " \t");
        if (*s == '\0')
            break;
    }
    *out = '\0';
}

static void
free_texts(struct sdr_config *config)
{
    if (config->section_names != NULL)
        ini_free_section_list(config->section_names);
    if (config->texts != NULL)
        ini_config_destroy(config->texts);
}

enum sdr_status
sdr_load_file(struct sdr_load *load, const struct sdr_trace *trace)
{
    const size_t extra = sizeof first_line - 1;
    struct sdr_error error = {""};
    char *text = NULL;
    size_t len = 0;
    enum sdr_status status = sdr_file_read(
        load->path, false, SDR_CONFIG_MAX_OCTETS, &text, &len, &error);

    if (status == SDR_OK)
        status = sdr_load_check_text(load, text, len);
    else if (status == SDR_CONFIG)
        sdr_trace(trace, "%s", error.text);
    if (status == SDR_OK && (load->text = malloc(extra + len + 1)) == NULL)
        status = SDR_TEMPFAIL;
    if (status == SDR_OK) {
        memcpy(load->text, first_line, extra);
        remove_indentation(text);
        len = strlen(text);
        memcpy(load->text + extra, text, len + 1);
        status = sdr_load_parse(load, load->text, extra + len);
    }
    free(text);
    return status;
}

enum sdr_status
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes)
{
    static atomic_ulong loads;
    struct sdr_load load = {
        .path = path, .options = sdr_options, .option_count = sdr_option_count};
    enum sdr_status status;

    *config = NULL;
    load.config = calloc(1, sizeof *load.config);
    if (load.config == NULL)
        return SDR_TEMPFAIL;
    load.config->serial = atomic_fetch_add(&loads, 1) + 1;
    load.config->free_texts = free_texts;
    load.config->path = strdup(path);
    if (load.config->path == NULL) {
        sdr_config_free(&load.config);
        return SDR_TEMPFAIL;
    }
    status = sdr_load_file(&load, mistakes);
    load.config->texts = load.parsed;
    if (status == SDR_OK) {
        sdr_load_sections(&load);
        sdr_check(&load);
        if (load.no_memory)
            status = SDR_TEMPFAIL;
        else if (load.mistake_count > 0)
            status = SDR_CONFIG;
    }
    sdr_load_report(&load, mistakes);
    free(load.text);
    if (status != SDR_OK)
        sdr_config_free(&load.config);
    *config = load.config;
    return status;
}
