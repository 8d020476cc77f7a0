/* check_configuration.c - sdrctl check configuration: no mistake, yet doubtful
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Mistakes keep every program from starting and are told before this runs.
 */
#include <fnmatch.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "check.h"

/* What an MTA waits for a milter at most, if it is Postfix and nobody changed
 * it: milter_command_timeout. */
enum { MTA_PATIENCE = 30 };

/* Where an MTA that asks no milter, Exim, needs no folder either: what socket
 * is unless the configuration says. */
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
stays_here(const struct sdr_config *config, const char *local)
{
    for (unsigned i = 0; i < config->always_local.count; i++) {
        if (fnmatch(config->always_local.items[i], local, FNM_CASEFOLD) == 0)
            return true;
    }
    return false;
}

static void
look_at_server(const struct sdr_config *config, enum sdr_finding *worst)
{
    unsigned seconds = longest_question(config);

    if (config->site_count < 2)
        tell_finding(worst, SDR_DOUBTFUL, "sites", "add a [site] for the other",
                     "there is no other site: all mail stays here");
    if (!stays_here(config, "postmaster"))
        tell_finding(
            worst, SDR_DOUBTFUL, "always-local",
            "add always-local = postmaster",
            "a postmaster who has no entry in the directory is unknown "
            "(RFC 5321, 4.5.1)");
    if (config->loop_limit == 1)
        tell_finding(worst, SDR_DOUBTFUL, "loop-limit", "raise it",
                     "1: mail that a list or a forward at another site sends "
                     "back counts as a loop");
    if (seconds >= MTA_PATIENCE)
        tell_finding(worst, SDR_DOUBTFUL, "timeout",
                     "lower them, or raise Postfix's milter_command_timeout",
                     "the directories may take %u s together: longer than "
                     "Postfix waits for a milter (%d s)",
                     seconds, MTA_PATIENCE);
}

/* ---- sites ---- */

static void
look_at_route(const struct sdr_config *config, enum sdr_finding *worst)
{
    unsigned by_next_hop = 0;

    for (unsigned i = 0; i < config->site_count; i++)
        by_next_hop += config->sites[i].delivery == SDR_BY_NEXT_HOP;
    if (by_next_hop > 0 && config->milter.route == SDR_ROUTE_REFUSED)
        tell_finding(worst, SDR_DOUBTFUL, "milter-route",
                     "nothing for Exim; for Postfix see milter-route",
                     "a site has delivery = route: sdr-milter will not start");
    if (by_next_hop > 0 && config->milter.route == SDR_ROUTE_PASSES)
        tell_finding(worst, SDR_DOUBTFUL, "milter-route",
                     "see that the transport table knows them all",
                     "pass: sdr-milter leaves it to a transport table of the "
                     "MTA to send mail to sites with delivery = route");
    if (by_next_hop == 0 && config->milter.route == SDR_ROUTE_PASSES)
        tell_finding(worst, SDR_DOUBTFUL, "milter-route", "remove it",
                     "pass: there is no site with delivery = route");
}

/* ---- domains ---- */

static bool
is_verified(const struct sdr_config *config, unsigned site, unsigned domain)
{
    const struct sdr_list *list = &config->sites[site].verify_addresses;

    for (unsigned i = 0; i < list->count; i++) {
        struct sdr_address address;
        const struct sdr_name *name = NULL;

        if (sdr_address_parse(&address, list->items[i]) == SDR_OK)
            name = sdr_config_name(config, address.domain);
        if (name != NULL && name->split == domain)
            return true;
    }
    return false;
}

static void
look_at_unknown_pass(const struct sdr_config *config,
                     const struct sdr_domain *domain, enum sdr_finding *worst)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        const struct sdr_directory_options *directory = &config->directories[i];

        if (directory->default_owner == config->this_site)
            continue;
        tell_finding(worst, SDR_DOUBTFUL, "unknown",
                     "unknown = reject, unless this site has mailboxes that no "
                     "directory knows",
                     "pass in %s, but directory %s has default-owner = %s: who "
                     "has no entry stays here, who has one without an owner "
                     "leaves",
                     domain->name, directory->name,
                     directory->default_owner_text);
        return;
    }
}

static void
look_at_domain(const struct sdr_config *config, unsigned index,
               enum sdr_finding *worst)
{
    const struct sdr_domain *domain = &config->domains[index];

    if (domain->canonical != index)
        return;
    switch (domain->unknown) {
    case SDR_UNKNOWN_REJECT:
        return;
    case SDR_UNKNOWN_PASS:
        look_at_unknown_pass(config, domain, worst);
        return;
    case SDR_UNKNOWN_SITE:
        if (domain->unknown_site != config->this_site
            && !is_verified(config, domain->unknown_site, index))
            tell_finding(worst, SDR_DOUBTFUL, "unknown",
                         "add a verify-address to that site, and run "
                         "sdrctl check sites",
                         "%s in %s: mail for everybody whom no directory knows "
                         "goes there, and nobody has tried whether it is taken",
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
look_at_secret(const char *option, const char *path, enum sdr_finding *worst)
{
    const struct group *group;
    struct stat st;

    if (path == NULL || stat(path, &st) != 0 || (st.st_mode & S_IRGRP) == 0)
        return;
    group = getgrgid(st.st_gid);
    if (group == NULL || !is_reader(group->gr_name))
        tell_finding(worst, SDR_DOUBTFUL, option,
                     "chgrp sdr, or chmod g-r: only who asks the directory "
                     "needs it",
                     "%s can be read by the group %s", path,
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
look_at_directory(const struct sdr_config *config,
                  const struct sdr_directory_options *directory,
                  enum sdr_finding *worst)
{
    if (directory->ldif_path == NULL && directory->uris.count == 1
        && config->replica.path == NULL)
        tell_finding(worst, SDR_DOUBTFUL, "uri",
                     "add a second uri, or a [replica]",
                     "directory %s has one server and no replica: while it is "
                     "away all mail in the split domains is deferred",
                     directory->name);
    look_at_secret("password-file", directory->password_file, worst);
    look_at_secret("keytab-file", directory->keytab_file, worst);
    look_at_secret("tls-key-file", directory->tls_key_file, worst);
    if (sends_password_openly(directory))
        tell_finding(worst, SDR_DOUBTFUL, "allow-plaintext-bind",
                     "use ldaps:// or start-tls = yes, and remove it",
                     "directory %s: the password may go over the network as it "
                     "is",
                     directory->name);
}

/* ---- the rest ---- */

static void
look_at_replica(const struct sdr_config *config, enum sdr_finding *worst)
{
    if (config->replica.path != NULL && config->replica.max_removed == 100)
        tell_finding(worst, SDR_DOUBTFUL, "max-removed", "lower it",
                     "100: a directory that loses everything by mistake is "
                     "believed");
}

/* sdr-milter makes the socket, and not the folder. */
static void
look_at_folder(const char *option, const char *path, enum sdr_finding *worst)
{
    char folder[sizeof(struct sockaddr_un)];
    struct stat st;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path),
             path);
    if (folder[0] != '\0' && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        tell_finding(worst, SDR_DOUBTFUL, option,
                     "make it, with the group of the mail server and mode 0750",
                     "there is no folder %s: sdr-milter will not start",
                     folder);
}

static void
look_at_milter(const struct sdr_config *config, enum sdr_finding *worst)
{
    const char *map_socket = config->milter.map_socket;

    if (strcmp(config->milter.socket, DEFAULT_SOCKET) != 0)
        look_at_folder("socket", config->milter.socket, worst);
    if (map_socket != NULL)
        look_at_folder("map-socket", map_socket, worst);
    if ((config->milter.socket_mode & S_IWOTH) != 0)
        tell_finding(worst, SDR_DOUBTFUL, "socket-mode",
                     "0660, and socket-group = the group of the MTA",
                     "everybody on this host may ask sdr-milter who is in the "
                     "directory");
}

enum sdr_finding
check_configuration(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum sdr_finding worst = SDR_FINE;

    tell_heading("configuration %s", config->path);
    tell_finding(&worst, SDR_FINE, "options", NULL, "no mistake");
    look_at_server(config, &worst);
    look_at_route(config, &worst);
    for (unsigned i = 0; i < config->domain_count; i++)
        look_at_domain(config, i, &worst);
    for (unsigned i = 0; i < config->directory_count; i++)
        look_at_directory(config, &config->directories[i], &worst);
    look_at_replica(config, &worst);
    look_at_milter(config, &worst);
    return worst;
}
