/* mta_postfix.c - sdrctl check mta: Postfix and its milters
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mta_postfix.h"

#include <stdio.h>
#include <string.h>

#include "mta.h"
#include "program.h"

struct visit {
    const struct check *check;
    const struct postconf *postconf;
    enum sdr_finding *worst;
};

/* A list of milters, with regard to sdr-milter. */
struct milters {
    bool ours;       /* it is in it */
    bool last;       /* and the last one */
    bool jail;       /* by a path that the service does not see */
    char words[512]; /* as it is written */
};

static bool
same_below(const char *folder, const char *path, const char *socket)
{
    char whole[1024];

    snprintf(whole, sizeof whole, "%s/%s", folder, path + strspn(path, "/"));
    return same_path(whole, socket);
}

/* Whether the socket ADDRESS is sdr-milter's, as a service sees it. */
static bool
is_ours(const struct visit *visit, const char *address, bool chroot, bool *jail)
{
    const char *queue = postconf_get(visit->postconf, NULL, "queue_directory");
    const char *ours = visit->check->config->milter.socket;
    const char *path = strchr(address, ':');

    if (path == NULL
        || (strncmp(address, "unix:", 5) != 0
            && strncmp(address, "local:", 6) != 0))
        return false;
    path++;
    if ((chroot || path[0] != '/') && same_below(queue, path, ours))
        return true;
    *jail = chroot && same_path(path, ours);
    return path[0] == '/' && same_path(path, ours);
}

static void
read_milters(const struct visit *visit, const char *list, bool chroot,
             struct milters *milters)
{
    char word[512], address[512];

    memset(milters, 0, sizeof *milters);
    while (next_word(&list, word, sizeof word)) {
        const char *at = word;
        bool jail = false;

        if (!next_word(&at, address, sizeof address))
            continue;
        milters->last = is_ours(visit, address, chroot, &jail);
        if (!milters->last)
            continue;
        milters->ours = true;
        milters->jail = jail;
        memcpy(milters->words, word, sizeof word);
    }
}

/* An option of the milter itself, "{ unix:x, default_action=accept }", or the
 * parameter of that name with "milter_" before it. */
static void
milter_option(const struct visit *visit, const struct service *service,
              const struct milters *milters, const char *name, char *value,
              size_t size)
{
    const char *at = milters->words;
    char word[512], parameter[64];
    size_t len = strlen(name);

    snprintf(parameter, sizeof parameter, "milter_%s", name);
    snprintf(value, size, "%s",
             postconf_get(visit->postconf, service, parameter));
    while (next_word(&at, word, sizeof word)) {
        if (strncmp(word, name, len) == 0 && word[len] == '=')
            snprintf(value, size, "%s", word + len + 1);
    }
}

/* ---- findings ---- */

static void
tell_options(const struct visit *visit, const struct service *service,
             const struct milters *milters, const char *where)
{
    unsigned needed = longest_question(visit->check->config);
    char value[128];
    long seconds;

    milter_option(visit, service, milters, "default_action", value,
                  sizeof value);
    if (strcmp(value, "tempfail") != 0 && strcmp(value, "shutdown") != 0)
        tell_finding(visit->worst, SDR_WRONG, where,
                     "milter_default_action = tempfail",
                     "milter_default_action = %s: while sdr-milter is away "
                     "mail goes astray, or is refused",
                     value);
    milter_option(visit, service, milters, "command_timeout", value,
                  sizeof value);
    seconds = read_time(value);
    if (seconds >= 0 && seconds <= (long)needed)
        tell_finding(visit->worst, SDR_DOUBTFUL, where,
                     "raise it, or lower the timeouts in sdr.conf",
                     "milter_command_timeout = %s, but the directories may "
                     "take %u s together",
                     value, needed);
}

static void
tell_milters(const struct visit *visit, const struct service *service,
             const struct milters *milters, const char *where)
{
    if (milters->jail)
        tell_finding(visit->worst, SDR_WRONG, where,
                     "give a path below queue_directory, without it: "
                     "unix:sdr/milter.sock",
                     "%s is confined to %s, where there is no such socket",
                     service->name,
                     postconf_get(visit->postconf, NULL, "queue_directory"));
    if (!milters->last)
        tell_finding(visit->worst, SDR_WRONG, where,
                     "let sdr-milter be the last",
                     "a milter comes after sdr-milter: recipients that it "
                     "refuses would get the mail nevertheless");
    tell_options(visit, service, milters, where);
}

static bool
is_command(const struct service *service, const char *command)
{
    return strcmp(service->command, command) == 0;
}

/* Whether a service asks milters at all. */
static const char *
list_of(const struct visit *visit, const struct service *service)
{
    const char *overrides =
        postconf_get(visit->postconf, service, "receive_override_options");

    if (strstr(overrides, "no_milters") != NULL)
        return "";
    return postconf_get(visit->postconf, service, "smtpd_milters");
}

/* Returns true if the service asks sdr-milter. TOLD is the list that has been
 * told of before; NULL for none. */
static bool
look_at_service(const struct visit *visit, const struct service *service,
                bool alone, const char **told)
{
    const char *list = list_of(visit, service);
    struct milters milters;

    read_milters(visit, list, service->chroot, &milters);
    if (milters.ours && (*told == NULL || strcmp(*told, list) != 0)) {
        tell_milters(visit, service, &milters, service->name);
        *told = list;
    }
    if (!milters.ours && !alone)
        tell_finding(visit->worst, SDR_DOUBTFUL, service->name,
                     "nothing, if all its mail comes from this host and was "
                     "routed before; else let it ask sdr-milter",
                     "mail that comes in here is not routed: sdr-milter is not "
                     "asked");
    return milters.ours;
}

static bool
asks_anywhere(const struct visit *visit)
{
    for (unsigned i = 0; i < visit->postconf->service_count; i++) {
        const struct service *service = &visit->postconf->services[i];
        struct milters milters;

        if (!is_command(service, "smtpd"))
            continue;
        read_milters(visit, list_of(visit, service), service->chroot, &milters);
        if (milters.ours)
            return true;
    }
    return false;
}

static void
look_at_services(const struct visit *visit)
{
    const char *told = NULL;
    unsigned count = 0, asking = 0;

    if (!asks_anywhere(visit)) {
        tell_finding(visit->worst, SDR_WRONG, "smtpd_milters",
                     "smtpd_milters = unix:sdr/milter.sock, after all others",
                     "%s: sdr-milter, which listens at %s, is not among them: "
                     "no mail is routed",
                     postconf_get(visit->postconf, NULL, "smtpd_milters"),
                     visit->check->config->milter.socket);
        return;
    }
    for (unsigned i = 0; i < visit->postconf->service_count; i++) {
        const struct service *service = &visit->postconf->services[i];

        if (!is_command(service, "smtpd"))
            continue;
        count++;
        asking += look_at_service(visit, service, false, &told);
    }
    if (asking == count)
        tell_finding(visit->worst, SDR_FINE, "smtpd", NULL,
                     "all %u services ask sdr-milter", count);
}

/* Mail from sendmail(1) is shown to milters by cleanup. */
static void
look_at_submission(const struct visit *visit)
{
    const struct service *cleanup = NULL;
    struct milters milters;

    for (unsigned i = 0; i < visit->postconf->service_count; i++) {
        if (is_command(&visit->postconf->services[i], "cleanup"))
            cleanup = &visit->postconf->services[i];
    }
    if (cleanup == NULL)
        return;
    read_milters(visit,
                 postconf_get(visit->postconf, cleanup, "non_smtpd_milters"),
                 cleanup->chroot, &milters);
    if (milters.ours)
        tell_milters(visit, cleanup, &milters, "non_smtpd_milters");
    else
        tell_finding(visit->worst, SDR_DOUBTFUL, "non_smtpd_milters",
                     "non_smtpd_milters = $smtpd_milters",
                     "sdr-milter is not among them: mail that programs on this "
                     "host send by sendmail(1) is not routed");
}

/* Clients that are in it are not asked about with smtpd_milters. */
static void
look_at_maps(const struct visit *visit)
{
    const char *maps = postconf_get(visit->postconf, NULL, "smtpd_milter_maps");

    if (maps[0] != '\0')
        tell_finding(visit->worst, SDR_DOUBTFUL, "smtpd_milter_maps",
                     "see that sdr-milter is the last of all lists in it",
                     "%s: the clients in it have milters of their own", maps);
}

void
look_at_postfix_milters(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst)
{
    const struct visit visit = {check, postconf, worst};

    look_at_services(&visit);
    look_at_maps(&visit);
    look_at_submission(&visit);
}

enum sdr_finding
check_postfix(const struct check *check, bool *found)
{
    const char *folder = check->postfix_config;
    char program[PROGRAM_PATH_SIZE];
    enum sdr_finding worst = SDR_FINE;
    struct postconf postconf = {.program = program,
                                .folder = folder,
                                .timeout = check->network.timeout};
    struct sdr_error error = {""};

    *found = program_find("postconf", program);
    if (!*found)
        return worst;
    tell_heading("mta: Postfix%s%s", folder != NULL ? ", " : "",
                 folder != NULL ? folder : "");
    if (postconf_read(&postconf, &error) != SDR_OK) {
        tell_finding(&worst, SDR_SILENT, "postconf", NULL, "%s", error.text);
        return worst;
    }
    look_at_postfix_milters(check, &postconf, &worst);
    tell_socket(&worst, check->config,
                postconf_get(&postconf, NULL, "mail_owner"));
    look_at_postfix_domains(check, &postconf, &worst);
    postconf_free(&postconf);
    return worst;
}
