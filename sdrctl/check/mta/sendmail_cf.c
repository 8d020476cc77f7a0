/* sendmail_cf.c - sdrctl check mta: Sendmail's configuration and classes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *
find_cf_line(const struct sendmail *sm, const char *line, const char *start)
{
    while ((line = next_line(sm->cf, line)) != NULL) {
        if (strncasecmp(line, start, strlen(start)) == 0)
            break;
    }
    return line;
}

const char *
get_cf_option(const struct sendmail *sm, const char *name)
{
    const char *value = "";
    char start[80];

    snprintf(start, sizeof start, "O %s=", name);
    for (const char *line = NULL;
         (line = find_cf_line(sm, line, start)) != NULL;)
        value = line + strlen(start);
    return value;
}

/* Returns the path or the socket in the definition of a map or an alias file:
 * the text from the first slash, or "inet:PORT@HOST"; NULL if there is neither.
 */
static const char *
find_place(const char *text)
{
    const char *inet = strstr(text, "inet");

    if (inet != NULL && inet > text && strchr(" :", inet[-1]) != NULL
        && strchr(inet, '@') != NULL)
        return inet;
    return strchr(text, '/');
}

/* "KNAME hash -o /etc/mail/file", "KNAME socket -T<TMPF> local:/run/socket" */
bool
read_sendmail_map(const struct sendmail *sm, const char *name, char type[64],
                  char path[512])
{
    char start[80];
    const char *line, *place;

    snprintf(start, sizeof start, "K%s ", name);
    line = find_cf_line(sm, NULL, start);
    place = line == NULL ? NULL : find_place(line);
    path[0] = '\0';
    if (place == NULL || sscanf(line + strlen(start), "%63s", type) != 1)
        return false;
    snprintf(path, 512, "%.*s", (int)strcspn(place, " \t"), place);
    return true;
}

/* "/etc/mail/aliases", "implicit:-o /etc/x", "hash:/etc/y",
 * "socket:local:/run/z" */
bool
next_alias_file(const char **at, char type[64], char path[512])
{
    const char *start = *at + strspn(*at, ", \t"), *place;
    size_t len = strcspn(start, ","), name;
    char file[512];

    *at = start + len;
    if (len == 0)
        return false;
    snprintf(file, sizeof file, "%.*s", (int)len, start);
    name = strcspn(file, ":/");
    snprintf(type, 64, "%.*s", file[name] == ':' ? (int)name : 0, file);
    if (strcmp(type, "implicit") == 0)
        type[0] = '\0';
    place = find_place(file);
    snprintf(path, 512, "%.*s", place == NULL ? 0 : (int)strcspn(place, " \t"),
             place == NULL ? "" : place);
    return true;
}

const struct reply *
ask_sendmail(const struct sendmail *sm, const char *input, const char *option,
             const char *argument)
{
    return ask(sm->mta, input, sm->program, "-C", sm->path, option, argument,
               NULL);
}

bool
is_in_class(const struct sendmail *sm, const char *class, const char *domain)
{
    const struct reply *reply;
    char input[80];

    snprintf(input, sizeof input, "$={%s}\n", class);
    reply = ask_sendmail(sm, input, "-bt", NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        if (strcasecmp(line + strspn(line, "> "), domain) == 0)
            return true;
    }
    return false;
}
