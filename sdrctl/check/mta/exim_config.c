/* exim_config.c - sdrctl check mta: Exim's options, routers and domain lists
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/exim.h"

#include <stdio.h>
#include <string.h>

const char exim_examples[] = "copy sdr-router, sdr-rcpt-acl and sdr-data-acl "
                             "from the examples again, see exim-sdr(7)";

const struct reply *
ask_exim(struct exim *exim, const char *option, const char *argument)
{
    return exim->file == NULL
               ? ask(exim->mta, NULL, exim->program, option, argument, NULL)
               : ask(exim->mta, NULL, exim->program, "-C", exim->file, option,
                     argument, NULL);
}

void
read_router_option(const char *router, const char *name, char value[VALUE_SIZE])
{
    char start[80];
    const char *found;

    snprintf(start, sizeof start, "%s = ", name);
    found = find_line(router, start);
    snprintf(value, VALUE_SIZE, "%s", found == NULL ? "" : found);
}

bool
has_router_flag(const char *router, const char *name)
{
    for (; *router != '\0'; router += strlen(router) + 1) {
        if (strcmp(router, name) == 0)
            return true;
    }
    return false;
}

enum answer
is_in_domain_list(struct exim *exim, const char *domain, const char *list)
{
    char string[VALUE_SIZE + 512];
    const struct reply *reply;

    snprintf(string, sizeof string, "${if match_domain{%s}{%s}{yes}{no}}",
             domain, list);
    reply = ask_exim(exim, "-be", string);
    return strcmp(reply->text, "yes") == 0  ? YES
           : strcmp(reply->text, "no") == 0 ? NO
                                            : PERHAPS;
}

enum answer
is_router_for(struct exim *exim, const char *router, const char *domain)
{
    char domains[VALUE_SIZE];

    read_router_option(router, "domains", domains);
    return domains[0] == '\0' ? YES : is_in_domain_list(exim, domain, domains);
}

const char *
get_main_option(struct exim *exim, const char *name)
{
    char start[80];
    const char *value;

    snprintf(start, sizeof start, "%s = ", name);
    value = find_line(ask_exim(exim, "-bP", name)->text, start);
    return value == NULL ? "" : value;
}

void
name_router(const char *router, char name[128])
{
    snprintf(name, 128, "%.*s", (int)strcspn(router, " "), router);
}
