/* read.c - the file of a plan; see plan.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <ini_configobj.h>

#include "config/load.h"
#include "config/option.h"
#include "plan/plan.h"
#include "plan/recipients.h"

static const struct sdr_choice booleans[] = {
    {"no", false}, {"yes", true}, {NULL, 0}};
static const struct sdr_choice verifies[] = {{"no", PLAN_VERIFY_NO},
                                             {"before", PLAN_VERIFY_BEFORE},
                                             {"yes", PLAN_VERIFY_YES},
                                             {NULL, 0}};

#define WAVE(field)                                                            \
    offsetof(struct wave, field), sizeof(((struct wave *)NULL)->field)

/* clang-format off */
static const struct sdr_option options[] = {
    {"wave", "recipients", SDR_OPTION_TEXT, WAVE(recipients), NULL, NULL, 0, 0,
     NULL, true, "the file with their addresses"},
    {"wave", "to", SDR_OPTION_TEXT, WAVE(to_text), NULL, NULL, 0, 0,
     NULL, true, "the new owner"},
    {"wave", "from", SDR_OPTION_TEXT, WAVE(from_text), NULL, NULL, 0, 0,
     NULL, false, "the owner now"},
    {"wave", "start", SDR_OPTION_TEXT, WAVE(start_text), NULL, NULL, 0, 0,
     NULL, false, "when it begins"},
    {"wave", "hold", SDR_OPTION_CHOICE, WAVE(hold), "yes", NULL, 0, 0,
     booleans, false, "whether mail is deferred"},
    {"wave", "command", SDR_OPTION_TEXT, WAVE(command), NULL, NULL, 0, 0,
     NULL, false, "what runs before the move"},
    {"wave", "verify", SDR_OPTION_CHOICE, WAVE(verify), "yes", NULL, 0, 0,
     verifies, false, "whether sites are asked"},
};
/* clang-format on */

static void
print_mistake(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "sdrctl: %s\n", text);
}

const struct wave *
plan_find(const struct plan *plan, const char *name)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (strcmp(plan->waves[i].name, name) == 0)
            return &plan->waves[i];
    }
    return NULL;
}

/* ---- what the options mean ---- */

static unsigned
line_of(const struct sdr_load *load, const struct wave *wave,
        const char *option)
{
    return sdr_load_line(load, "wave", wave->name, option);
}

static void
read_site(struct sdr_load *load, const struct sdr_config *config,
          const struct wave *wave, const char *option, const char *name,
          unsigned *site)
{
    int found = name != NULL ? sdr_config_find_site(config, name) : 0;

    if (found < 0)
        sdr_load_mistake(load, line_of(load, wave, option),
                         "%s: no such site: %s", option, name);
    else
        *site = (unsigned)found;
}

/* mktime() changes a time that does not exist, such as 30 February. */
static void
read_start(struct sdr_load *load, struct wave *wave)
{
    struct tm tm = {.tm_isdst = -1}, copy;
    const char *end;

    if (wave->start_text == NULL)
        return;
    end = strptime(wave->start_text, "%Y-%m-%d %H:%M", &tm);
    copy = tm;
    if (end == NULL || *end != '\0') {
        sdr_load_mistake(load, line_of(load, wave, "start"),
                         "start: \"%s\" is not YYYY-MM-DD HH:MM",
                         wave->start_text);
        return;
    }
    wave->start = mktime(&tm);
    if (wave->start == (time_t)-1 || tm.tm_min != copy.tm_min
        || tm.tm_hour != copy.tm_hour || tm.tm_mday != copy.tm_mday)
        sdr_load_mistake(load, line_of(load, wave, "start"),
                         "start: there is no such time: %s", wave->start_text);
}

/* Blanks separate words. There are no quotes. */
static void
split_command(struct sdr_load *load, struct wave *wave)
{
    size_t count = 0;
    char *rest = NULL;

    if (wave->command == NULL)
        return;
    wave->words_memory = strdup(wave->command);
    wave->words = calloc(strlen(wave->command) / 2 + 2, sizeof *wave->words);
    if (wave->words_memory == NULL || wave->words == NULL) {
        load->no_memory = true;
        return;
    }
    for (char *word = strtok_r(wave->words_memory, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest))
        wave->words[count++] = word;
}

/* A relative path is relative to the folder of the plan. */
static char *
path_beside(const char *plan, const char *path)
{
    const char *slash = strrchr(plan, '/');
    char *whole = NULL;
    int len = slash != NULL && path[0] != '/' ? (int)(slash + 1 - plan) : 0;

    return asprintf(&whole, "%.*s%s", len, plan, path) >= 0 ? whole : NULL;
}

static void
check_wave(struct sdr_load *load, const struct sdr_config *config,
           struct wave *wave)
{
    if (!is_wave_name(wave->name))
        sdr_load_mistake(load, sdr_load_section(load, "wave", wave->name),
                         "[wave %s]: a name has only letters, digits and "
                         "\"-_.\", at most %d",
                         wave->name, WAVE_NAME_MAX);
    read_site(load, config, wave, "to", wave->to_text, &wave->to);
    read_site(load, config, wave, "from", wave->from_text, &wave->from);
    if (wave->verify != PLAN_VERIFY_NO && wave->to_text != NULL
        && wave->to == config->this_site)
        sdr_load_mistake(load, line_of(load, wave, "to"),
                         "to: this site cannot verify its own recipients; add "
                         "verify = no");
    read_start(load, wave);
    split_command(load, wave);
    if (wave->recipients != NULL) {
        wave->path = path_beside(load->path, wave->recipients);
        load->no_memory |= wave->path == NULL;
    }
}

/* ---- the file ---- */

static void
read_sections(struct plan *plan, struct sdr_load *load)
{
    int count = 0, failed = 0;

    plan->sections = ini_get_section_list(load->parsed, &count, &failed);
    sdr_load_options(load, "", INI_DEFAULT_SECTION, NULL);
    for (int i = 0; plan->sections != NULL && i < count; i++) {
        const char *name = sdr_load_name(plan->sections[i], "wave");
        struct wave *wave;

        if (strcmp(plan->sections[i], INI_DEFAULT_SECTION) == 0)
            continue;
        if (name == NULL) {
            sdr_load_mistake(load, sdr_load_find(load, plan->sections[i]),
                             "[%s]: unknown section; known: [wave NAME]",
                             plan->sections[i]);
            continue;
        }
        wave = sdr_load_grow(load, &plan->waves, &plan->count, sizeof *wave);
        if (wave == NULL)
            return;
        wave->name = name;
        sdr_load_options(load, "wave", plan->sections[i], wave);
        check_wave(load, plan->config, wave);
    }
    if (plan->count == 0 && load->mistake_count == 0)
        sdr_load_mistake(load, 0, "no [wave NAME]");
}

static enum sdr_status
read_file(struct plan *plan)
{
    const struct sdr_trace trace = {print_mistake, NULL};
    struct sdr_load load = {.path = plan->path,
                            .options = options,
                            .option_count = sizeof options / sizeof options[0]};
    enum sdr_status status = sdr_load_file(&load, &trace);

    plan->parsed = load.parsed;
    if (status == SDR_OK) {
        read_sections(plan, &load);
        if (load.no_memory)
            status = SDR_TEMPFAIL;
        else if (load.mistake_count > 0)
            status = SDR_CONFIG;
    }
    sdr_load_report(&load, &trace);
    free(load.text);
    return status;
}

int
plan_read_waves(struct plan *plan, const struct sdr_config *config,
                const char *path)
{
    *plan = (struct plan){.config = config, .path = path};
    return sdr_status_exit(read_file(plan));
}

int
plan_read(struct plan *plan, const struct sdr_config *config, const char *path)
{
    int code = plan_read_waves(plan, config, path);

    if (code != EX_OK)
        return code;
    return plan_read_recipients(plan) ? EX_OK : EX_DATAERR;
}

void
plan_clear(struct plan *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        free(plan->waves[i].path);
        free(plan->waves[i].words);
        free(plan->waves[i].words_memory);
    }
    free(plan->waves);
    if (plan->sections != NULL)
        ini_free_section_list(plan->sections);
    ini_config_destroy(plan->parsed);
    *plan = (struct plan){.waves = NULL};
}
