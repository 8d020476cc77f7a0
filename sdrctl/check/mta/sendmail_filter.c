/* sendmail_filter.c - sdrctl check mta: Sendmail and sdr-milter as its filter
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "net/inet.h"

/* ---- the filter ---- */

/* "Xname, S=unix:/path, F=T" */
void
find_sendmail_filter(struct sendmail *sm)
{
    char value[512];

    for (const char *line = NULL;
         sm->filter[0] == '\0'
         && (line = find_cf_line(sm, line, "X")) != NULL;) {
        read_equate(line, "S", value, sizeof value);
        if (!is_socket(value, sm->mta->config->milter.socket))
            continue;
        snprintf(sm->filter, sizeof sm->filter, "%.*s",
                 (int)strcspn(line + 1, ", \t"), line + 1);
        sm->equates = line;
    }
}

/* Check F=, the action if the filter does not answer, and R: in T=, the time
 * that Sendmail waits for an answer. */
static void
look_at_equates(const struct sendmail *sm)
{
    char value[128], *answer;

    read_equate(sm->equates, "F", value, sizeof value);
    if (value[0] == '\0' || strchr("T4", value[0]) == NULL)
        report(sm->mta, CHECK_WRONG, sm->filter,
               "set F=T in its INPUT_MAIL_FILTER",
               "%s%s: while sdr-milter is unavailable, mail is %s",
               value[0] == '\0' ? "no F=T" : "F=", value,
               value[0] == 'R' ? "rejected" : "not routed");
    read_equate(sm->equates, "T", value, sizeof value);
    answer = strstr(value, "R:");
    answer = answer == NULL ? strcpy(value, "10s") : answer + 2;
    answer[strcspn(answer, ";")] = '\0';
    report_wait(sm->mta, sm->filter, "R:", answer, read_time(answer));
}

/* Find our filter in the list of a daemon, or else in the common list. Returns
 * YES if it is the last, PERHAPS if others follow, or NO. */
static enum answer
find_slot(const struct sendmail *sm, const char *daemon)
{
    char names[512], *at = names;
    enum answer answer = NO;

    read_equate(daemon, "InputMailFilters", names, sizeof names);
    if (names[0] == '\0')
        snprintf(names, sizeof names, "%s",
                 get_cf_option(sm, "InputMailFilters"));
    for (char *name; (name = strsep(&at, ",; \t")) != NULL;) {
        if (strcmp(name, sm->filter) == 0)
            answer = YES;
        else if (name[0] != '\0' && answer == YES)
            answer = PERHAPS;
    }
    return answer;
}

static void
look_at_daemon(const struct sendmail *sm, const char *daemon, bool anybody)
{
    char name[64], where[128] = "InputMailFilters";
    enum answer slot = find_slot(sm, daemon);

    read_equate(daemon, "Name", name, sizeof name);
    if (daemon[0] != '\0')
        snprintf(where, sizeof where, "daemon %s", name);
    if (slot == NO)
        report(
            sm->mta, anybody ? CHECK_DOUBTFUL : CHECK_WRONG, where,
            "do nothing if all its mail was routed before; else add the filter",
            "the filter sdr-milter is missing: mail that arrives here is not "
            "routed");
    else if (slot == PERHAPS && !sm->mta->tables)
        report(sm->mta, CHECK_WRONG, where,
               "make the INPUT_MAIL_FILTER of sdr-milter the last",
               "a milter comes after sdr-milter: recipients that it rejects "
               "get the mail anyway");
}

static void
look_at_daemons(const struct sendmail *sm)
{
    static const char start[] = "O DaemonPortOptions=";
    bool anybody = false, none = true;

    for (const char *line = NULL;
         (line = find_cf_line(sm, line, start)) != NULL;) {
        anybody |= find_slot(sm, line + strlen(start)) != NO;
        none = false;
    }
    for (const char *line = NULL;
         (line = find_cf_line(sm, line, start)) != NULL;)
        look_at_daemon(sm, line + strlen(start), anybody);
    if (none)
        look_at_daemon(sm, "", false);
}

void
look_at_sendmail_filter(const struct sendmail *sm)
{
    static const char subject[] = "INPUT_MAIL_FILTER";

    if (sm->filter[0] != '\0') {
        report(sm->mta, CHECK_OK, subject, NULL, "%s is sdr-milter",
               sm->filter);
        look_at_daemons(sm);
        look_at_equates(sm);
    } else if (sm->routed) {
        report(sm->mta, CHECK_OK, subject, NULL,
               "no filter is sdr-milter. Its lookup tables route all mail, "
               "which is enough, but only MaxHopCount ends loops");
    } else {
        report(sm->mta, CHECK_WRONG, subject,
               "add INPUT_MAIL_FILTER(`sdr', `S=unix:..., F=T, "
               "T=C:10s;S:10s;R:30s;E:5m') after all others",
               "no filter is sdr-milter, which listens at %s: no mail is "
               "routed",
               sm->mta->config->milter.socket);
    }
}

/* ---- sockets ---- */

/* Report folders writable by group or others: Sendmail does not use a socket
 * below them. */
static void
look_at_folders(const struct sendmail *sm, const char *subject,
                const char *path)
{
    const char *blame = get_cf_option(sm, "DontBlameSendmail");
    bool sticky = strstr(blame, "TrustStickyBit") != NULL;
    bool safe = strstr(blame, "GroupWritableDirPathSafe") != NULL;

    for (const char *s = path; (s = strchr(s + 1, '/')) != NULL;) {
        char folder[512];
        struct stat st;

        snprintf(folder, sizeof folder, "%.*s", (int)(s - path), path);
        if (stat(folder, &st) != 0)
            continue;
        if ((st.st_mode & S_IWOTH) != 0 ? (st.st_mode & S_ISVTX) == 0 || !sticky
                                        : (st.st_mode & S_IWGRP) != 0 && !safe)
            report(sm->mta, CHECK_WRONG, subject,
                   "run chmod go-w, or move the socket to another folder, such "
                   "as /run/sdr",
                   "%s is writable by %s: Sendmail calls the socket unsafe and "
                   "defers all mail",
                   folder,
                   (st.st_mode & S_IWOTH) != 0 ? "everybody" : "its group");
    }
}

void
look_at_sendmail_socket(const struct sendmail *sm, const char *subject,
                        const char *path)
{
    char user[64];

    snprintf(user, sizeof user, "%s", get_cf_option(sm, "RunAsUser"));
    user[strcspn(user, ":. \t")] = '\0';
    report_socket(sm->mta, subject, path, user[0] != '\0' ? user : "root");
    if (!sdr_is_inet(path))
        look_at_folders(sm, subject, path);
}
