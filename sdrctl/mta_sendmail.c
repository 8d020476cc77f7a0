/* mta_sendmail.c - sdrctl check mta: Sendmail
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mta_sendmail.h"

#define SENDMAIL_CF "/etc/mail/sendmail.cf"

/* What Sendmail waits for a milter's answer if T= does not say. */
enum { READ_TIMEOUT = 10 };

struct visit {
    const struct check *check;
    const struct sendmailcf *cf;
    const struct filter *ours; /* NULL: it is no milter */
    bool routed;               /* the rules of sendmail-sdr.m4 are there */
    enum sdr_finding *worst;
};

/* ---- the filter ---- */

static const struct filter *
find_ours(const struct sendmailcf *cf, const char *socket)
{
    for (unsigned i = 0; i < cf->filter_count; i++) {
        char value[512];

        sendmailcf_equate(cf->filters[i].equates, "S", value, sizeof value);
        if ((strncmp(value, "unix:", 5) == 0 && same_path(value + 5, socket))
            || (strncmp(value, "local:", 6) == 0
                && same_path(value + 6, socket)))
            return &cf->filters[i];
    }
    return NULL;
}

/* The seconds for which it waits for an answer: R: in "C:5s;S:10s;R:30s". */
static long
read_timeout(const char *times)
{
    const char *found = strstr(times, "R:");
    char value[32];

    if (found == NULL)
        return READ_TIMEOUT;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(found + 2, ";"),
             found + 2);
    return read_time(value);
}

static void
look_at_equates(const struct visit *visit)
{
    unsigned needed = longest_question(visit->check->config);
    char value[128];
    long seconds;

    sendmailcf_equate(visit->ours->equates, "F", value, sizeof value);
    if (value[0] == '\0' || strchr("T4", value[0]) == NULL)
        tell_finding(visit->worst, SDR_WRONG, visit->ours->name,
                     "F=T in its INPUT_MAIL_FILTER",
                     "%s%s: while sdr-milter is away mail %s",
                     value[0] == '\0' ? "no F=T" : "F=", value,
                     value[0] == 'R' ? "is refused" : "goes astray");
    sendmailcf_equate(visit->ours->equates, "T", value, sizeof value);
    seconds = read_timeout(value);
    if (seconds >= 0 && seconds <= (long)needed)
        tell_finding(visit->worst, SDR_DOUBTFUL, visit->ours->name,
                     "raise R: in its T=, or lower the timeouts in sdr.conf",
                     "Sendmail waits %ld s for an answer, but the directories "
                     "may take %u s together",
                     seconds, needed);
}

/* ---- who asks it ---- */

/* Where our filter is in a list: NO, YES as the last, or PERHAPS before others.
 */
static enum answer
place_in(const struct visit *visit, const char *list)
{
    enum answer answer = NO;
    char names[1024];
    const char *at = names;
    char word[64];

    snprintf(names, sizeof names, "%s", list);
    for (char *s = names; (s = strchr(s, ';')) != NULL;)
        *s = ',';
    while (next_word(&at, word, sizeof word)) {
        if (strcmp(word, visit->ours->name) == 0)
            answer = YES;
        else if (answer == YES)
            answer = PERHAPS;
    }
    return answer;
}

/* ANYBODY asks it, if not this one. */
static void
tell_place(const struct visit *visit, enum answer place, bool anybody,
           const char *where)
{
    switch (place) {
    case YES:
        return;
    case NO:
        tell_finding(visit->worst, anybody ? SDR_DOUBTFUL : SDR_WRONG, where,
                     "nothing, if all its mail was routed before; else add the "
                     "filter",
                     "mail that comes in here is not routed: sdr-milter is not "
                     "asked");
        return;
    case PERHAPS:
        tell_finding(visit->worst, SDR_WRONG, where,
                     "let INPUT_MAIL_FILTER of sdr-milter be the last",
                     "a milter comes after sdr-milter: recipients that it "
                     "refuses would get the mail nevertheless");
        return;
    }
}

/* A daemon has a list of its own, or the common one. */
static enum answer
place_of_daemon(const struct visit *visit, const char *options)
{
    char list[512];

    sendmailcf_equate(options, "InputMailFilters", list, sizeof list);
    return place_in(visit, list[0] != '\0' ? list
                                           : sendmailcf_option(
                                               visit->cf, "InputMailFilters"));
}

static void
look_at_daemons(const struct visit *visit)
{
    bool anybody = false;

    for (unsigned i = 0; i < visit->cf->daemon_count; i++)
        anybody |= place_of_daemon(visit, visit->cf->daemons[i]) != NO;
    for (unsigned i = 0; i < visit->cf->daemon_count; i++) {
        const char *options = visit->cf->daemons[i];
        char name[64], where[128];

        sendmailcf_equate(options, "Name", name, sizeof name);
        snprintf(where, sizeof where, "daemon %s", name);
        tell_place(visit, place_of_daemon(visit, options), anybody, where);
    }
    if (visit->cf->daemon_count == 0)
        tell_place(visit, place_of_daemon(visit, ""), false,
                   "InputMailFilters");
}

/* Sendmail believes no socket below a folder that others can write to. */
static void
look_at_folders(const struct visit *visit, const char *option, const char *path)
{
    const char *blame = sendmailcf_option(visit->cf, "DontBlameSendmail");

    for (const char *s = strchr(path + 1, '/'); s != NULL;
         s = strchr(s + 1, '/')) {
        char folder[512];
        struct stat st;
        bool others, group;

        snprintf(folder, sizeof folder, "%.*s", (int)(s - path), path);
        if (stat(folder, &st) != 0)
            continue;
        others = (st.st_mode & S_IWOTH) != 0
                 && ((st.st_mode & S_ISVTX) == 0
                     || strstr(blame, "TrustStickyBit") == NULL);
        group = (st.st_mode & S_IWGRP) != 0 && (st.st_mode & S_IWOTH) == 0
                && strstr(blame, "GroupWritableDirPathSafe") == NULL;
        if (others || group)
            tell_finding(visit->worst, SDR_WRONG, option,
                         "chmod go-w, or put the socket elsewhere: /run/sdr",
                         "%s can be written to by %s: Sendmail calls the "
                         "socket unsafe, and defers all mail",
                         folder, others ? "everybody" : "its group");
    }
}

/* ---- domains ---- */

static enum answer
is_relayed(const struct visit *visit, const char *domain)
{
    return sendmailcf_in_class(visit->cf, "R", domain,
                               visit->cf->relays_subdomains);
}

/* What stays keeps its address, and goes where its domain's MX leads: here. */
static void
look_at_way_out(const struct visit *visit, const char *domain)
{
    if (is_relayed(visit, domain) == YES
        && sendmailcf_in_class(visit->cf, "w", domain, false) == NO
        && !sendmailcf_has_map(visit->cf, "mailertable")
        && sendmailcf_macro(visit->cf, 'S')[0] == '\0')
        tell_finding(
            visit->worst, SDR_WRONG, "mailertable",
            "name the host that has the mailboxes in a mailertable",
            "mail for %s that stays here goes to its MX: it loops back",
            domain);
}

static void
look_at_own(const struct visit *visit, const char *domain)
{
    enum answer local = sendmailcf_in_class(visit->cf, "w", domain, false);

    if (local == NO && is_relayed(visit, domain) == NO
        && !sendmailcf_has_map(visit->cf, "access"))
        tell_finding(visit->worst, SDR_WRONG, "relay-domains",
                     "RELAY_DOMAIN, or LOCAL_DOMAIN if the mailboxes are here",
                     "Sendmail takes no mail for %s from outside", domain);
    if (visit->routed) /* before all that follows */
        return;
    if (local == YES)
        tell_finding(visit->worst, SDR_DOUBTFUL, "local-host-names",
                     "RELAY_DOMAIN instead, with the mailboxes behind a "
                     "mailertable; or see that everybody has an alias",
                     "%s is among them: Sendmail refuses who has neither "
                     "account nor alias here, people of other sites too, "
                     "before it asks sdr-milter",
                     domain);
    if (sendmailcf_in_class(visit->cf, "LDAPRoute", domain, false) == YES)
        tell_finding(visit->worst, SDR_WRONG, "ldap_routing",
                     "take it out of LDAPROUTE_DOMAIN",
                     "%s: whom ldap_routing maps sdr-milter leaves alone",
                     domain);
    if (sendmailcf_has_map(visit->cf, "virtuser")
        && (local == YES
            || sendmailcf_in_class(visit->cf, "VirtHost", domain, false)
                   == YES))
        tell_finding(visit->worst, SDR_DOUBTFUL, "virtusertable",
                     "do not use it for this domain",
                     "%s: whom it maps sdr-milter leaves alone", domain);
}

static void
look_at_foreign(const struct visit *visit, const char *domain, const char *site)
{
    if (sendmailcf_in_class(visit->cf, "w", domain, false) == YES)
        tell_finding(visit->worst, SDR_WRONG, "local-host-names", "take it out",
                     "%s, of the site %s, is among them: mail for the site "
                     "stays here",
                     domain, site);
    else if (is_relayed(visit, domain) == YES)
        tell_finding(visit->worst, SDR_DOUBTFUL, "relay-domains",
                     "FEATURE(`relay_hosts_only'), and take it out: "
                     "sdr-milter's recipients need it not",
                     "anybody may relay to %s, of the site %s, through this "
                     "host",
                     domain, site);
}

static void
look_at_domains(const struct visit *visit)
{
    const struct sdr_config *config = visit->check->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        look_at_own(visit, config->domains[i].ascii);
        look_at_way_out(visit, config->domains[i].ascii);
        if (config->domains[i].canonical != i)
            continue;
        for (unsigned j = 0; j < config->site_count; j++) {
            const char *domain = config->domains[i].routing[j];

            if (j == config->this_site)
                look_at_own(visit, domain);
            else if (config->sites[j].delivery == SDR_REWRITE)
                look_at_foreign(visit, domain, config->sites[j].name);
        }
    }
}

/* ---- all of it ---- */

static void
look_at_filter(const struct visit *visit)
{
    if (visit->ours != NULL) {
        tell_finding(visit->worst, SDR_FINE, "INPUT_MAIL_FILTER", NULL,
                     "%s is sdr-milter", visit->ours->name);
        look_at_daemons(visit);
        look_at_equates(visit);
    } else if (visit->routed) {
        tell_finding(visit->worst, SDR_FINE, "INPUT_MAIL_FILTER", NULL,
                     "no filter is sdr-milter, its lookup tables route all "
                     "mail: that is enough, but loops are ended by "
                     "MaxHopCount alone");
    } else {
        tell_finding(visit->worst, SDR_WRONG, "INPUT_MAIL_FILTER",
                     "INPUT_MAIL_FILTER(`sdr', `S=unix:..., F=T, "
                     "T=C:10s;S:10s;R:30s;E:5m'), after all others",
                     "no filter is sdr-milter, which listens at %s: no mail is "
                     "routed",
                     visit->check->config->milter.socket);
    }
}

static void
look_at_socket(const struct visit *visit, const char *option, const char *path)
{
    char user[64];

    snprintf(user, sizeof user, "%s",
             sendmailcf_option(visit->cf, "RunAsUser"));
    user[strcspn(user, ":. \t")] = '\0';
    tell_socket(visit->worst, option, path, user[0] != '\0' ? user : "root");
    look_at_folders(visit, option, path);
}

static void
look(struct visit *visit)
{
    const struct sdr_milter_options *options = &visit->check->config->milter;

    visit->ours = find_ours(visit->cf, options->socket);
    visit->routed = is_routed_by_rules(visit->cf);
    look_at_filter(visit);
    if (visit->ours != NULL || !visit->routed)
        look_at_socket(visit, "socket", options->socket);
    if (visit->routed && options->map_socket != NULL)
        look_at_socket(visit, "map-socket", options->map_socket);
    look_at_sendmail_tables(visit->check, visit->cf, visit->worst);
    look_at_domains(visit);
}

enum sdr_finding
check_sendmail(const struct check *check, bool *found)
{
    const char *path =
        check->sendmail_cf != NULL ? check->sendmail_cf : SENDMAIL_CF;
    enum sdr_finding worst = SDR_FINE;
    struct sendmailcf cf;
    struct visit visit = {.check = check, .cf = &cf, .worst = &worst};
    struct sdr_error error = {""};
    enum sdr_status status = sendmailcf_read(&cf, path, &error);

    *found = status != SDR_NOTFOUND || check->sendmail_cf != NULL;
    if (!*found)
        return worst;
    tell_heading("mta: Sendmail, %s", path);
    if (status == SDR_OK)
        look(&visit);
    else
        tell_finding(&worst, SDR_SILENT, "configuration", NULL, "%s",
                     error.text);
    sendmailcf_free(&cf);
    return worst;
}
