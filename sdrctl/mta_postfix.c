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
    bool routed; /* by a lookup table */
};

/* A list of milters, with regard to sdr-milter. */
struct milters {
    bool ours;       /* it is in it */
    bool last;       /* and the last one */
    bool jail;       /* by a path that the service does not see */
    char words[512]; /* as it is written */
};

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
        milters->last =
            leads_to(visit->postconf, address,
                     visit->check->config->milter.socket, chroot, &jail);
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

/* Whether what comes in by the service is looked up in virtual_alias_maps. */
static bool
is_mapped(const struct visit *visit, const struct service *service)
{
    const char *overrides =
        postconf_get(visit->postconf, service, "receive_override_options");

    return visit->routed && strstr(overrides, "no_address_mappings") == NULL;
}

/* TOLD is the list that has been told of before; NULL for none. */
static void
look_at_service(const struct visit *visit, const struct service *service,
                const char **told)
{
    const char *list = list_of(visit, service);
    struct milters milters;

    read_milters(visit, list, service->chroot, &milters);
    if (milters.ours && (*told == NULL || strcmp(*told, list) != 0)) {
        tell_milters(visit, service, &milters, service->name);
        *told = list;
    }
    if (!milters.ours && !is_mapped(visit, service))
        tell_finding(visit->worst, SDR_DOUBTFUL, service->name,
                     "nothing, if all its mail comes from this host and was "
                     "routed before; else let it ask sdr-milter",
                     "mail that comes in here is not routed: sdr-milter is not "
                     "asked");
}

/* How many services there are, ask sdr-milter, and route by its table. */
struct counts {
    unsigned all, asking, mapped;
};

static struct counts
count_services(const struct visit *visit)
{
    struct counts counts = {0};

    for (unsigned i = 0; i < visit->postconf->service_count; i++) {
        const struct service *service = &visit->postconf->services[i];
        struct milters milters;

        if (!is_command(service, "smtpd"))
            continue;
        read_milters(visit, list_of(visit, service), service->chroot, &milters);
        counts.all++;
        counts.asking += milters.ours;
        counts.mapped += is_mapped(visit, service);
    }
    return counts;
}

/* All is well with the services. */
static void
tell_counts(const struct visit *visit, const struct counts *counts)
{
    if (counts->asking == counts->all)
        tell_finding(visit->worst, SDR_FINE, "smtpd", NULL,
                     "all %u services ask sdr-milter", counts->all);
    else if (counts->asking == 0 && counts->mapped == counts->all)
        tell_finding(visit->worst, SDR_FINE, "smtpd", NULL,
                     "no service asks sdr-milter as a milter, its lookup table "
                     "routes all mail: that is enough, but loops are ended by "
                     "hopcount_limit (%s) alone",
                     postconf_get(visit->postconf, NULL, "hopcount_limit"));
}

static bool
look_at_services(const struct visit *visit)
{
    struct counts counts = count_services(visit);
    const char *told = NULL;

    if (counts.asking == 0 && counts.mapped == 0) {
        tell_finding(visit->worst, SDR_WRONG, "smtpd_milters",
                     "smtpd_milters = unix:sdr/milter.sock, after all others",
                     "%s: sdr-milter, which listens at %s, is not among them: "
                     "no mail is routed",
                     postconf_get(visit->postconf, NULL, "smtpd_milters"),
                     visit->check->config->milter.socket);
        return false;
    }
    for (unsigned i = 0; i < visit->postconf->service_count; i++) {
        if (is_command(&visit->postconf->services[i], "smtpd"))
            look_at_service(visit, &visit->postconf->services[i], &told);
    }
    tell_counts(visit, &counts);
    return counts.asking > 0;
}

/* Mail from sendmail(1) is shown to milters by cleanup, if pickup lets it. */
static bool
look_at_submission(const struct visit *visit)
{
    const struct service *cleanup =
        postconf_service(visit->postconf, "cleanup");
    const struct service *pickup = postconf_service(visit->postconf, "pickup");
    struct milters milters;

    if (cleanup == NULL)
        return false;
    read_milters(visit,
                 postconf_get(visit->postconf, cleanup, "non_smtpd_milters"),
                 cleanup->chroot, &milters);
    if (milters.ours)
        tell_milters(visit, cleanup, &milters, "non_smtpd_milters");
    else if (!is_mapped(visit, pickup))
        tell_finding(visit->worst, SDR_DOUBTFUL, "non_smtpd_milters",
                     "non_smtpd_milters = $smtpd_milters",
                     "sdr-milter is not among them: mail that programs on this "
                     "host send by sendmail(1) is not routed");
    return milters.ours;
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

bool
look_at_postfix_milters(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst)
{
    const struct visit visit = {check, postconf, worst,
                                is_routed_by_table(check, postconf)};
    bool asked = look_at_services(&visit);

    look_at_maps(&visit);
    asked |= look_at_submission(&visit);
    return asked;
}

/* Which sockets are needed depends on who is asked. */
static void
look_at_all(const struct check *check, const struct postconf *postconf,
            enum sdr_finding *worst)
{
    const char *user = postconf_get(postconf, NULL, "mail_owner");
    bool milter = look_at_postfix_milters(check, postconf, worst);

    if (milter || !is_routed_by_table(check, postconf))
        tell_socket(worst, "socket", check->config->milter.socket, user);
    look_at_postfix_tables(check, postconf, worst);
    look_at_postfix_domains(check, postconf, worst, milter);
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
    look_at_all(check, &postconf, &worst);
    postconf_free(&postconf);
    return worst;
}
