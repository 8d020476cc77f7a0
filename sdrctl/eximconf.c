/* eximconf.c - see eximconf.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "eximconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sdr_status
ask(const struct eximconf *exim, const char *option, const char *argument,
    char **text, struct sdr_error *error)
{
    const char *argv[6] = {exim->program};
    int n = 1;

    if (exim->file != NULL) {
        argv[n++] = "-C";
        argv[n++] = exim->file;
    }
    argv[n++] = option;
    argv[n++] = argument;
    return program_run(argv, exim->timeout, text, error);
}

/* "sdr router:", its options a line each, an empty line. */
static void
list_routers(struct eximconf *exim)
{
    static const char head[] = " router:\n";
    const char *at = exim->routers;

    while (exim->router_count < ROUTERS_MAX
           && (at = strstr(at, head)) != NULL) {
        struct router *router = &exim->list[exim->router_count++];
        const char *end = strstr(at, "\n\n");

        while (at > exim->routers && at[-1] != '\n')
            at--;
        router->name = at;
        router->end = end != NULL ? end + 1 : at + strlen(at);
        at = router->end;
    }
}

enum sdr_status
eximconf_read(struct eximconf *exim, struct sdr_error *error)
{
    if (ask(exim, "-bV", NULL, &exim->version, error) != SDR_OK
        || ask(exim, "-bP", "config", &exim->config, error) != SDR_OK
        || ask(exim, "-bP", "routers", &exim->routers, error) != SDR_OK) {
        eximconf_free(exim);
        return SDR_TEMPFAIL;
    }
    list_routers(exim);
    return SDR_OK;
}

void
eximconf_free(struct eximconf *exim)
{
    free(exim->version);
    free(exim->config);
    free(exim->routers);
    exim->version = exim->config = exim->routers = NULL;
}

/* ---- routers ---- */

void
router_name(const struct router *router, char *name, size_t size)
{
    snprintf(name, size, "%.*s", (int)strcspn(router->name, " "), router->name);
}

/* The line that begins so; NULL if there is none. */
static const char *
find_line(const struct router *router, const char *start)
{
    size_t len = strlen(start);

    for (const char *s = router->name; s != NULL && s < router->end;
         s = strchr(s, '\n')) {
        s += *s == '\n';
        if (strncmp(s, start, len) == 0)
            return s;
    }
    return NULL;
}

void
router_option(const struct router *router, const char *name,
              char value[OPTION_SIZE])
{
    char start[80];
    const char *line;

    snprintf(start, sizeof start, "%s = ", name);
    line = find_line(router, start);
    value[0] = '\0';
    if (line == NULL)
        return;
    line += strlen(start);
    snprintf(value, OPTION_SIZE, "%.*s", (int)strcspn(line, "\n"), line);
}

bool
router_flag(const struct router *router, const char *name)
{
    char line[80];

    snprintf(line, sizeof line, "%s\n", name);
    return find_line(router, line) != NULL;
}

/* ---- expansion ---- */

bool
eximconf_expand(const struct eximconf *exim, const char *string, char *result,
                size_t size)
{
    struct sdr_error error;
    char *text;

    if (ask(exim, "-be", string, &text, &error) != SDR_OK)
        return false;
    snprintf(result, size, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return true;
}

enum answer
eximconf_match(const struct eximconf *exim, const char *domain,
               const char *list)
{
    char string[OPTION_SIZE + 512], result[64];

    snprintf(string, sizeof string, "${if match_domain{%s}{%s}{yes}{no}}",
             domain, list);
    if (!eximconf_expand(exim, string, result, sizeof result))
        return PERHAPS;
    if (strcmp(result, "yes") == 0)
        return YES;
    return strcmp(result, "no") == 0 ? NO : PERHAPS;
}
