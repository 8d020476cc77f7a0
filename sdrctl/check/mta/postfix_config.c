/* postfix_config.c - sdrctl check mta: Postfix's parameters and services
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct reply *
ask_postfix(struct postfix *p, const char *program, const char *option,
            const char *argument, const char *other)
{
    return p->folder == NULL
               ? ask(p->mta, NULL, program, option, argument, other, NULL)
               : ask(p->mta, NULL, program, "-c", p->folder, option, argument,
                     other, NULL);
}

const char *
get(const struct postfix *p, const struct service *service, const char *name)
{
    const char *value = NULL;
    char key[256];

    if (service != NULL) {
        snprintf(key, sizeof key, "%s/%s =", service->name, name);
        value = find_line(p->master, key);
    }
    if (value == NULL) {
        snprintf(key, sizeof key, "%s =", name);
        value = find_line(p->main, key);
    }
    return value == NULL ? "" : value + strspn(value, " ");
}

const struct service *
next_service(const struct postfix *p, const struct service *after,
             const char *command)
{
    const struct service *end = p->services + p->count;

    for (const struct service *s = after == NULL ? p->services : after + 1;
         s < end; s++) {
        if (strcmp(s->command, command) == 0)
            return s;
    }
    return NULL;
}

const struct service *
find_service(const struct postfix *p, const char *name)
{
    char full[160];

    snprintf(full, sizeof full, "%s/unix", name);
    for (unsigned i = 0; i < p->count; i++) {
        if (strcmp(p->services[i].name, full) == 0)
            return &p->services[i];
    }
    return NULL;
}

bool
is_new_value(const struct postfix *p, const struct service *service,
             const char *name)
{
    const char *value = get(p, service, name);

    for (const struct service *s = NULL;
         (s = next_service(p, s, service->command)) != service;) {
        if (strcmp(get(p, s, name), value) == 0)
            return false;
    }
    return true;
}

const char *
get_origin(const struct postfix *p)
{
    const char *origin = get(p, NULL, "myorigin");

    return origin[0] == '/' ? read_lines(p->mta, origin)->text : origin;
}

/* Parse the lines of master.cf: "smtp inet n - y - - smtpd -o ...". */
static void
read_services(struct postfix *p, const struct reply *master)
{
    /* Services are chrooted by default below this compatibility level. */
    bool jailed = strtod(get(p, NULL, "compatibility_level"), NULL) < 1;

    for (const char *line = NULL;
         p->count < SERVICES_MAX && (line = next_line(master, line)) != NULL;) {
        struct service *service = &p->services[p->count];
        char name[128], type[16], chroot[4];

        if (sscanf(line, "%127s %15s %*s %*s %3s %*s %*s %63s", name, type,
                   chroot, service->command)
            != 4)
            continue;
        snprintf(service->name, sizeof service->name, "%s/%s", name, type);
        service->chroot = chroot[0] == 'y' || (chroot[0] == '-' && jailed);
        p->count++;
    }
}

bool
read_postfix(struct postfix *p)
{
    const char *options[] = {"-x", "-Px", "-M"};
    const struct reply *replies[3];

    for (unsigned i = 0; i < 3; i++) {
        replies[i] = ask_postfix(p, p->postconf, options[i], NULL, NULL);
        if (replies[i]->code != 0) {
            report(p->mta, CHECK_UNREACHABLE, "postconf", NULL, "%s",
                   replies[i]->why);
            return false;
        }
    }
    p->main = replies[0]->text;
    p->master = replies[1]->text;
    read_services(p, replies[2]);
    return true;
}

const char *
find_local_domain(const struct postfix *p)
{
    const struct sdr_config *config = p->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (has_word(get(p, NULL, "mydestination"), config->domains[i].ascii))
            return config->domains[i].ascii;
    }
    return NULL;
}
