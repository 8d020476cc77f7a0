/* postfix_milters.c - sdrctl check mta: Postfix's lists of milters
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>

/* Read the next milter of the list: its ADDRESS, and its whole entry in WORDS.
 * Returns false at the end. */
static bool
next_milter(const char **list, char words[VALUE_SIZE], char address[512])
{
    const char *at = words;

    return next_word(list, words, VALUE_SIZE) && next_word(&at, address, 512);
}

void
read_milters(const struct postfix *p, const struct service *service,
             const char *list, struct milters *milters)
{
    char words[VALUE_SIZE], address[512];

    memset(milters, 0, sizeof *milters);
    while (next_milter(&list, words, address)) {
        bool jail = false;

        milters->last = leads_to(p, address, p->mta->config->milter.socket,
                                 service->chroot, &jail);
        if (!milters->last)
            continue;
        milters->ours = true;
        milters->jail = jail;
        memcpy(milters->words, words, sizeof words);
    }
}

bool
asks_milter(const struct postfix *p, const struct service *service,
            const char *list)
{
    struct milters milters;

    read_milters(p, service, list, &milters);
    return milters.ours;
}

/* Read an option of the milter, "{ unix:x, default_action=accept }", or the
 * parameter of that name with the prefix "milter_". */
static void
milter_option(const struct postfix *p, const struct service *service,
              const struct milters *milters, const char *name, char *value,
              size_t size)
{
    char parameter[64];

    read_equate(milters->words, name, value, size);
    snprintf(parameter, sizeof parameter, "milter_%s", name);
    if (value[0] == '\0')
        snprintf(value, size, "%s", get(p, service, parameter));
}

/* Check another milter. sdr-milter does not see the recipients that it adds,
 * and adds those that it deletes again. Tables are queried after all milters.
 */
static void
report_other(struct postfix *p, const struct service *service,
             const char *address, const char *where)
{
    const char *path = strchr(address, ':');
    struct sdr_error error = {""};
    char whole[1024];

    snprintf(whole, sizeof whole, "%s", address);
    if (path != NULL && strchr("ul", address[0]) != NULL
        && (service->chroot || path[1] != '/'))
        snprintf(whole, sizeof whole, "unix:%s/%s",
                 get(p, NULL, "queue_directory"), path + 1);
    switch (edits_recipients(whole, p->mta->check->network.timeout, &error)) {
    case PERHAPS:
        report(p->mta, CHECK_DOUBTFUL, where, "start it and check again",
               "%s: sdrctl cannot find out whether this milter adds or deletes "
               "recipients: %s",
               address, error.text);
        break;
    case YES:
        report(p->mta, CHECK_DOUBTFUL, where,
               "configure it to leave recipients alone, or set rewrite = "
               "tables in sdr.conf",
               "%s may add and delete recipients: recipients that this milter "
               "adds are not routed, and recipients that it deletes are added "
               "again at another site",
               address);
        break;
    case NO:
        break;
    }
}

void
report_milters(struct postfix *p, const struct service *service,
               const char *list, const struct milters *milters,
               const char *where)
{
    char value[128], words[VALUE_SIZE], address[512];
    bool jail;

    if (milters->jail)
        report(
            p->mta, CHECK_WRONG, where,
            "write the path relative to queue_directory: unix:sdr/milter.sock",
            "%s is chrooted to %s, where this socket does not exist: it cannot "
            "connect to sdr-milter",
            service->name, get(p, NULL, "queue_directory"));
    if (!milters->last && !p->mta->tables)
        report(p->mta, CHECK_WRONG, where, "make sdr-milter the last milter",
               "a milter comes after sdr-milter: recipients that it rejects "
               "get the mail anyway");
    milter_option(p, service, milters, "default_action", value, sizeof value);
    if (strcmp(value, "tempfail") != 0 && strcmp(value, "shutdown") != 0)
        report(p->mta, CHECK_WRONG, where,
               "set milter_default_action = tempfail",
               "milter_default_action = %s: while sdr-milter is unavailable, "
               "mail is not routed, or is rejected",
               value);
    milter_option(p, service, milters, "command_timeout", value, sizeof value);
    report_wait(p->mta, where, "milter_command_timeout", value,
                read_time(value));
    while (!p->mta->tables && next_milter(&list, words, address)) {
        if (!leads_to(p, address, p->mta->config->milter.socket,
                      service->chroot, &jail))
            report_other(p, service, address, where);
    }
}
