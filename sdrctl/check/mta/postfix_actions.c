/* postfix_actions.c - sdrctl check mta: actions of access tables and checks
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Tables that can be listed and files of patterns are read. Tables that cannot
 * be listed (SQL, LDAP, policy services) are not.
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *command, *name;
} parameters[] = {
    {"smtpd", "smtpd_client_restrictions"},
    {"smtpd", "smtpd_helo_restrictions"},
    {"smtpd", "smtpd_sender_restrictions"},
    {"smtpd", "smtpd_relay_restrictions"},
    {"smtpd", "smtpd_recipient_restrictions"},
    {"smtpd", "smtpd_data_restrictions"},
    {"smtpd", "smtpd_end_of_data_restrictions"},
    {"cleanup", "header_checks"},
    {"cleanup", "mime_header_checks"},
    {"cleanup", "nested_header_checks"},
    {"cleanup", "milter_header_checks"},
    {"cleanup", "body_checks"},
};
enum { PARAMETER_COUNT = sizeof parameters / sizeof parameters[0] };

bool
next_checks(const struct postfix *p, struct checks *checks)
{
    if (checks->number < PARAMETER_COUNT) {
        checks->command = parameters[checks->number].command;
        snprintf(checks->parameter, sizeof checks->parameter, "%s",
                 parameters[checks->number++].name);
        return true;
    }
    if (checks->classes == NULL)
        checks->classes = get(p, NULL, "smtpd_restriction_classes");
    checks->command = "smtpd";
    return next_word(&checks->classes, checks->parameter,
                     sizeof checks->parameter);
}

/* Call LOOK for the words of one entry. */
static bool
for_each_word(struct postfix *p, const char *parameter, const char *entry,
              action_look *look, void *arg)
{
    char action[VALUE_SIZE] = "", word[VALUE_SIZE];

    while (entry[0] != '#' && next_word(&entry, word, sizeof word)) {
        if (look(p, parameter, action, word, arg))
            return true;
        snprintf(action, sizeof action, "%s", word);
    }
    return false;
}

/* A file of patterns cannot be listed, but it is text. */
static bool
for_each_line(struct postfix *p, const char *parameter, const char *table,
              action_look *look, void *arg)
{
    const char *path = strstr(table, ":/");
    const struct reply *file;

    if (path == NULL
        || (strncmp(table, "regexp:", 7) != 0 && strncmp(table, "pcre:", 5) != 0
            && strncmp(table, "cidr:", 5) != 0))
        return false;
    file = read_lines(p->mta, path + 1);
    for (const char *line = NULL; (line = next_line(file, line)) != NULL;) {
        if (for_each_word(p, parameter, line, look, arg))
            return true;
    }
    return false;
}

bool
for_each_action(struct postfix *p, const char *parameter, const char *list,
                action_look *look, void *arg)
{
    struct entries entries = {.list = list};
    char table[VALUE_SIZE];

    while (next_entry(p, &entries)) {
        if (for_each_word(p, parameter, entries.value, look, arg))
            return true;
    }
    while (next_word(&list, table, sizeof table)) {
        if (for_each_line(p, parameter, table, look, arg))
            return true;
    }
    return false;
}

/* ---- FILTER ---- */

/* True if FILTER sends a message to a content filter, "smtp:[127.0.0.1]:10024":
 * a program, a host and a port, or a port of this host. */
static bool
is_content_filter(const struct postfix *p, const char *target)
{
    static const char *const here[] = {"127.", "[127.", "localhost",
                                       "[localhost", "[::1]"};
    const char *hop = target + strcspn(target, ":");
    char channel[64];
    const struct service *service;

    snprintf(channel, sizeof channel, "%.*s", (int)(hop - target), target);
    service = find_service(p, channel);
    if (service == NULL || strcmp(service->command, "pipe") == 0)
        return true;
    if (!has_word("smtp lmtp", service->command) || hop[0] == '\0')
        return false;
    for (unsigned i = 0; i < sizeof here / sizeof here[0]; i++) {
        if (strncasecmp(hop + 1, here[i], strlen(here[i])) == 0)
            return true;
    }
    return strncmp(hop + 1, "unix:", 5) != 0 && strchr(hop + 1, ':') != NULL
           && strcmp(strrchr(hop, ':'), ":25") != 0;
}

/* Set *ARG if the action is a content filter. */
static bool
find_filter(struct postfix *p, const char *parameter, const char *action,
            const char *word, void *arg)
{
    bool *found = arg;

    (void)parameter;
    *found = strcasecmp(action, "FILTER") == 0 && is_content_filter(p, word);
    return *found;
}

bool
is_filtered_by_action(struct postfix *p, const struct service *service)
{
    const struct service *cleanup =
        find_service(p, get(p, service, "cleanup_service_name"));
    bool checked = strstr(get(p, service, "receive_override_options"),
                          "no_header_body_checks")
                   == NULL;
    struct checks checks = {0};
    bool found = false;

    while (!found && next_checks(p, &checks)) {
        bool smtpd = strcmp(checks.command, "smtpd") == 0;

        if (smtpd ? strcmp(service->command, "smtpd") == 0 : checked)
            for_each_action(p, checks.parameter,
                            get(p, smtpd ? service : cleanup, checks.parameter),
                            find_filter, &found);
    }
    return found;
}

/* FILTER applies to all recipients of a message and is stronger than
 * transport_maps. */
static bool
report_filter(struct postfix *p, const char *parameter, const char *action,
              const char *word, void *arg)
{
    const struct service *service;
    char channel[64];

    (void)arg;
    if (strcasecmp(action, "FILTER") != 0 || is_content_filter(p, word))
        return false;
    snprintf(channel, sizeof channel, "%.*s", (int)strcspn(word, ":"), word);
    service = find_service(p, channel);
    if (service == NULL
        || !has_word("smtp lmtp local virtual", service->command))
        return false;
    report(p->mta, CHECK_WRONG, parameter,
           "name the next hop of single recipients in transport_maps",
           "FILTER %s sends all recipients of a message there, also those at "
           "other sites",
           word);
    return true;
}

void
look_at_filters(struct postfix *p, const char *parameter, const char *list)
{
    for_each_action(p, parameter, list, report_filter, NULL);
}
