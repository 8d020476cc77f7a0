/* configuration.c - sdrctl check configuration: doubtful settings
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Errors prevent every program from starting and are reported before this runs.
 */
#include <fnmatch.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "check/check.h"
#include "net/inet.h"

/* The default of milter_command_timeout in Postfix. */
enum { MTA_PATIENCE = 30 };

/* The default of the option socket. Its folder need not exist: Exim uses no
 * milter. */
#define DEFAULT_SOCKET "/var/spool/postfix/sdr/milter.sock"

static const char *const reader_groups[] = {"root", "sdr", "Debian-exim",
                                            "exim"};

unsigned
longest_question(const struct sdr_config *config)
{
    unsigned seconds = 1;

    for (unsigned i = 0; i < config->directory_count; i++) {
        if (config->directories[i].ldif_path == NULL)
            seconds += config->directories[i].timeout;
    }
    return seconds;
}

/* ---- this server ---- */

static bool
stays_local(const struct sdr_config *config, const char *local)
{
    for (unsigned i = 0; i < config->always_local.count; i++) {
        if (fnmatch(config->always_local.items[i], local, FNM_CASEFOLD) == 0)
            return true;
    }
    return false;
}

static void
check_server(const struct sdr_config *config, enum check_result *worst)
{
    unsigned seconds = longest_question(config);

    if (config->site_count < 2)
        report_finding(worst, CHECK_DOUBTFUL, "sites",
                       "add a [site] for each other mail system",
                       "no other site: all mail stays here");
    if (!stays_local(config, "postmaster"))
        report_finding(worst, CHECK_DOUBTFUL, "always-local",
                       "add always-local = postmaster",
                       "mail to postmaster is rejected unless the directory "
                       "has an entry for it (RFC 5321, 4.5.1)");
    if (config->loop_limit == 1)
        report_finding(worst, CHECK_DOUBTFUL, "loop-limit", "raise it",
                       "1: mail returned by a list or forward at another site "
                       "counts as a loop");
    if (seconds >= MTA_PATIENCE)
        report_finding(
            worst, CHECK_DOUBTFUL, "timeout",
            "lower the timeouts, or raise Postfix's milter_command_timeout",
            "the directories may take %u s together, longer than Postfix waits "
            "for a milter (%d s)",
            seconds, MTA_PATIENCE);
}

/* ---- sites ---- */

static void
check_route(const struct sdr_config *config, enum check_result *worst)
{
    unsigned by_next_hop = 0;

    for (unsigned i = 0; i < config->site_count; i++)
        by_next_hop += config->sites[i].delivery == SDR_BY_NEXT_HOP;
    if (by_next_hop > 0 && config->milter.rewrite == SDR_MILTER_REWRITES
        && config->milter.route == SDR_ROUTE_REFUSED)
        report_finding(
            worst, CHECK_DOUBTFUL, "milter-route",
            "ignore this for Exim; for Postfix see milter-route in sdr.conf(5)",
            "a site has delivery = route: sdr-milter will not start");
    if (by_next_hop > 0 && config->milter.route == SDR_ROUTE_PASSES)
        report_finding(
            worst, CHECK_DOUBTFUL, "milter-route",
            "make sure that the transport table has all these sites",
            "pass: the mail server's own transport table must route mail to "
            "sites with delivery = route");
    if (by_next_hop == 0 && config->milter.route == SDR_ROUTE_PASSES)
        report_finding(worst, CHECK_DOUBTFUL, "milter-route", "remove it",
                       "pass, but no site has delivery = route");
}

/* ---- domains ---- */

static void
check_unknown_pass(const struct sdr_config *config,
                   const struct sdr_domain *domain, enum check_result *worst)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        const struct sdr_directory_options *directory = &config->directories[i];

        if (directory->default_owner == config->this_site)
            continue;
        report_finding(worst, CHECK_DOUBTFUL, "unknown",
                       "set unknown = reject, unless this site has mailboxes "
                       "without a directory entry",
                       "pass in %s, but directory %s has default-owner = %s: "
                       "mail for addresses without an entry stays here, mail "
                       "for entries without an owner leaves",
                       domain->name, directory->name,
                       directory->default_owner_text);
        return;
    }
}

static void
check_domain(const struct sdr_config *config, unsigned index,
             enum check_result *worst)
{
    const struct sdr_domain *domain = &config->domains[index];

    if (domain->canonical != index)
        return;
    switch (domain->unknown) {
    case SDR_UNKNOWN_REJECT:
        return;
    case SDR_UNKNOWN_PASS:
        check_unknown_pass(config, domain, worst);
        return;
    case SDR_UNKNOWN_SITE:
        if (domain->unknown_site != config->this_site
            && find_verify_address(config, &config->sites[domain->unknown_site],
                                   index)
                   == NULL)
            report_finding(worst, CHECK_DOUBTFUL, "unknown",
                           "add a verify-address to that site, and run "
                           "sdrctl check sites",
                           "%s in %s: mail for all unknown recipients goes "
                           "there, and without a verify-address nothing shows "
                           "that the site accepts it",
                           domain->unknown_text, domain->name);
        return;
    }
}

/* ---- directories ---- */

static bool
is_reader(const char *group)
{
    for (unsigned i = 0; i < sizeof reader_groups / sizeof reader_groups[0];
         i++) {
        if (strcmp(group, reader_groups[i]) == 0)
            return true;
    }
    return false;
}

static void
check_secret(const char *option, const char *path, enum check_result *worst)
{
    const struct group *group;
    struct stat st;

    if (path == NULL || stat(path, &st) != 0 || (st.st_mode & S_IRGRP) == 0)
        return;
    group = getgrgid(st.st_gid);
    if (group == NULL || !is_reader(group->gr_name))
        report_finding(worst, CHECK_DOUBTFUL, option,
                       "chgrp sdr, or chmod g-r: only programs that query the "
                       "directory need it",
                       "%s is readable by the group %s", path,
                       group != NULL ? group->gr_name : "without a name");
}

static bool
sends_password_openly(const struct sdr_directory_options *directory)
{
    return directory->bind == SDR_BIND_SIMPLE && directory->allow_plaintext_bind
           && !directory->start_tls
           && strncasecmp(directory->uris.items[0], "ldap:", 5) == 0;
}

static void
check_directory_options(const struct sdr_config *config,
                        const struct sdr_directory_options *directory,
                        enum check_result *worst)
{
    if (directory->ldif_path == NULL && directory->uris.count == 1
        && config->replica.path == NULL)
        report_finding(worst, CHECK_DOUBTFUL, "uri",
                       "add a second uri, or a [replica]",
                       "directory %s has one server and no replica: while it "
                       "is down, all mail for the split domains is deferred",
                       directory->name);
    check_secret("password-file", directory->password_file, worst);
    check_secret("keytab-file", directory->keytab_file, worst);
    check_secret("tls-key-file", directory->tls_key_file, worst);
    if (sends_password_openly(directory))
        report_finding(worst, CHECK_DOUBTFUL, "allow-plaintext-bind",
                       "use ldaps:// or start-tls = yes, and remove it",
                       "directory %s: the password may be sent unencrypted",
                       directory->name);
}

/* ---- the rest ---- */

static void
check_replica_options(const struct sdr_config *config, enum check_result *worst)
{
    if (config->replica.path != NULL && config->replica.max_removed == 100)
        report_finding(worst, CHECK_DOUBTFUL, "max-removed", "lower it",
                       "100: the replica follows even a directory that loses "
                       "all entries by mistake");
}

/* Report a missing folder: sdr-milter creates the socket, but not its folder.
 */
static void
check_folder(const char *option, const char *path, enum check_result *worst)
{
    char folder[sizeof(struct sockaddr_un)];
    struct stat st;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path),
             path);
    if (folder[0] != '\0' && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        report_finding(
            worst, CHECK_DOUBTFUL, option,
            "create it, with the group of the mail server and mode 0750",
            "no such folder: %s; sdr-milter will not start", folder);
}

static void
check_socket(const char *option, const char *socket, enum check_result *worst)
{
    struct sdr_inet inet;

    if (!sdr_inet_parse(socket, &inet))
        check_folder(option, socket, worst);
    else if (!inet.is_loopback)
        report_finding(
            worst, CHECK_DOUBTFUL, option,
            "use unix:/PATH or inet:127.0.0.1:PORT, or let only the "
            "mail server's host connect",
            "%s is not a loopback address: anyone who can connect to "
            "it can look up who is in the directory",
            socket);
}

static void
check_milter(const struct sdr_config *config, enum check_result *worst)
{
    const char *map_socket = config->milter.map_socket;

    if (strcmp(config->milter.socket, DEFAULT_SOCKET) != 0)
        check_socket("socket", config->milter.socket, worst);
    if (map_socket != NULL)
        check_socket("map-socket", map_socket, worst);
    if ((config->milter.socket_mode & S_IWOTH) != 0)
        report_finding(
            worst, CHECK_DOUBTFUL, "socket-mode",
            "use 0660, and set socket-group to the group of the mail server",
            "every user of this host may ask sdr-milter who is in "
            "the directory");
}

enum check_result
check_configuration(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum check_result worst = CHECK_OK;

    report_heading("configuration %s", config->path);
    report_finding(&worst, CHECK_OK, "options", NULL, "no errors");
    check_server(config, &worst);
    check_route(config, &worst);
    for (unsigned i = 0; i < config->domain_count; i++)
        check_domain(config, i, &worst);
    for (unsigned i = 0; i < config->directory_count; i++)
        check_directory_options(config, &config->directories[i], &worst);
    check_replica_options(config, &worst);
    check_milter(config, &worst);
    return worst;
}
