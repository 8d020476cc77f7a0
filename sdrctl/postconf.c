/* postconf.c - see postconf.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "postconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static enum sdr_status
ask(const struct postconf *postconf, const char *option, char **text,
    struct sdr_error *error)
{
    const char *usual[] = {postconf->program, option, NULL};
    const char *own[] = {postconf->program, "-c", postconf->folder, option,
                         NULL};

    return program_run(postconf->folder != NULL ? own : usual,
                       postconf->timeout, text, error);
}

/* ---- parameters ---- */

/* Cut "name = value" in two. */
static bool
read_setting(char *line, struct setting *setting)
{
    char *equals = strstr(line, " =");

    if (equals == NULL)
        return false;
    *equals = '\0';
    setting->name = line;
    setting->value = equals + 2 + strspn(equals + 2, " ");
    return true;
}

static enum sdr_status
read_settings(const struct postconf *postconf, const char *option,
              struct settings *settings, struct sdr_error *error)
{
    size_t lines = 1;
    char *at, *line;

    if (ask(postconf, option, &settings->text, error) != SDR_OK)
        return SDR_TEMPFAIL;
    for (at = settings->text; *at != '\0'; at++)
        lines += *at == '\n';
    settings->items = calloc(lines, sizeof *settings->items);
    if (settings->items == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    at = settings->text;
    while ((line = next_line(&at)) != NULL)
        settings->count +=
            read_setting(line, &settings->items[settings->count]);
    return SDR_OK;
}

/* NULL if there is none. */
static const char *
find(const struct settings *settings, const char *name)
{
    for (unsigned i = 0; i < settings->count; i++) {
        if (strcmp(settings->items[i].name, name) == 0)
            return settings->items[i].value;
    }
    return NULL;
}

const char *
postconf_get(const struct postconf *postconf, const struct service *service,
             const char *name)
{
    const char *value = NULL;
    char full[256];

    if (service != NULL) {
        snprintf(full, sizeof full, "%s/%s", service->name, name);
        value = find(&postconf->master, full);
    }
    if (value == NULL)
        value = find(&postconf->main, name);
    return value != NULL ? value : "";
}

/* ---- services ---- */

const struct service *
postconf_service(const struct postconf *postconf, const char *command)
{
    for (unsigned i = 0; i < postconf->service_count; i++) {
        if (strcmp(postconf->services[i].command, command) == 0)
            return &postconf->services[i];
    }
    return NULL;
}

/* "smtp inet n - y - - smtpd -o ..." */
static bool
read_service(const char *line, bool jailed, struct service *service)
{
    char name[128], type[16], chroot[4];

    if (sscanf(line, "%127s %15s %*s %*s %3s %*s %*s %63s", name, type, chroot,
               service->command)
        != 4)
        return false;
    snprintf(service->name, sizeof service->name, "%s/%s", name, type);
    service->chroot = chroot[0] == 'y' || (chroot[0] == '-' && jailed);
    return true;
}

static enum sdr_status
read_services(struct postconf *postconf, struct sdr_error *error)
{
    /* If master.cf does not say, smtpd was confined before this level. */
    bool jailed =
        strtod(postconf_get(postconf, NULL, "compatibility_level"), NULL) < 1;
    char *text, *at, *line;

    if (ask(postconf, "-M", &text, error) != SDR_OK)
        return SDR_TEMPFAIL;
    at = text;
    while ((line = next_line(&at)) != NULL
           && postconf->service_count < SERVICES_MAX)
        postconf->service_count += read_service(
            line, jailed, &postconf->services[postconf->service_count]);
    free(text);
    return SDR_OK;
}

enum sdr_status
postconf_read(struct postconf *postconf, struct sdr_error *error)
{
    enum sdr_status status =
        read_settings(postconf, "-x", &postconf->main, error);

    if (status == SDR_OK)
        status = read_settings(postconf, "-Px", &postconf->master, error);
    if (status == SDR_OK)
        status = read_services(postconf, error);
    if (status != SDR_OK)
        postconf_free(postconf);
    return status;
}

void
postconf_free(struct postconf *postconf)
{
    free(postconf->main.text);
    free(postconf->main.items);
    free(postconf->master.text);
    free(postconf->master.items);
    memset(postconf, 0, sizeof *postconf);
}
