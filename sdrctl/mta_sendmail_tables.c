/* mta_sendmail_tables.c - sdrctl check mta: Sendmail and sdr-milter's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "mta_sendmail.h"

struct visit {
    const struct check *check;
    const struct sendmailcf *cf;
    enum sdr_finding *worst;
};

static const char m4_lines[] =
    "SDR_MAP_SOCKET, SDR_DOMAINS and sendmail-sdr.m4 "
    "in sendmail.mc: see sdr-milter(8)";

bool
is_routed_by_rules(const struct sendmailcf *cf)
{
    char path[512];

    sendmailcf_socket_map(cf, "route", path, sizeof path);
    return cf->asks_route && path[0] != '\0';
}

/* PATH is that of a map, or of the alias file. */
static void
look_at_path(const struct visit *visit, const char *name, const char *path)
{
    const char *ours = visit->check->config->milter.map_socket;

    if (path[0] == '\0')
        tell_finding(
            visit->worst, SDR_WRONG, name, m4_lines,
            "sdr-milter's is missing: mail is deferred or goes astray");
    else if (ours == NULL)
        tell_finding(visit->worst, SDR_WRONG, name,
                     "map-socket = unix:PATH in sdr.conf, and restart "
                     "sdr-milter",
                     "%s is asked, but sdr.conf has no map-socket: mail in the "
                     "split domains is deferred",
                     path);
    else if (!same_path(path, ours))
        tell_finding(visit->worst, SDR_WRONG, name,
                     "let SDR_MAP_SOCKET in sendmail.mc be the same path",
                     "%s is asked, but map-socket in sdr.conf is %s: mail in "
                     "the split domains is deferred",
                     path, ours);
}

static void
look_at_paths(const struct visit *visit)
{
    static const char *const maps[] = {"route", "recipient", "transport"};
    char path[512], name[32];

    for (unsigned i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        snprintf(name, sizeof name, "map %s", maps[i]);
        sendmailcf_socket_map(visit->cf, maps[i], path, sizeof path);
        look_at_path(visit, name, path);
    }
    sendmailcf_socket_aliases(visit->cf, path, sizeof path);
    if (path[0] != '\0')
        look_at_path(visit, "AliasFile", path);
    else
        tell_finding(visit->worst, SDR_WRONG, "AliasFile", m4_lines,
                     "sdr-milter's, socket:local:PATH, is not among them: mail "
                     "for who has several mailboxes is refused or bounces");
}

/* The rules look up what is in the class SdrDomain. */
static void
look_at_class(const struct visit *visit, const char *domain)
{
    if (sendmailcf_in_class(visit->cf, "SdrDomain", domain, false) == NO)
        tell_finding(visit->worst, SDR_WRONG, "SDR_DOMAINS",
                     "add it there, in sendmail.mc",
                     "%s is not among them: the lookup tables are not asked "
                     "about its recipients",
                     domain);
}

static void
look_at_classes(const struct visit *visit)
{
    const struct sdr_config *config = visit->check->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        look_at_class(visit, config->domains[i].ascii);
        if (config->domains[i].canonical == i)
            look_at_class(visit, config->domains[i].routing[config->this_site]);
    }
}

/* All is well if nothing is told. */
static void
look_at_rules(const struct visit *visit)
{
    look_at_paths(visit);
    look_at_classes(visit);
    if (*visit->worst == SDR_FINE)
        tell_finding(visit->worst, SDR_FINE, "map route", NULL,
                     "members of aliases, who a .forward leads to, bounces and "
                     "local submission are routed");
}

static void
tell_unasked(const struct sdr_config *config, enum sdr_finding *worst)
{
    if (config->milter.map_socket != NULL)
        tell_finding(worst, SDR_DOUBTFUL, "map-socket", m4_lines,
                     "no rule asks the lookup tables at %s",
                     config->milter.map_socket);
    if (has_next_hop(config))
        tell_finding(worst, SDR_WRONG, "map transport", m4_lines,
                     "the lookup tables are not asked: mail for sites with "
                     "delivery = route stays here");
}

void
look_at_sendmail_tables(const struct check *check, const struct sendmailcf *cf,
                        enum sdr_finding *worst)
{
    enum sdr_finding own = SDR_FINE;
    const struct visit visit = {check, cf, &own};

    if (is_routed_by_rules(cf))
        look_at_rules(&visit);
    else
        tell_unasked(check->config, &own);
    worsen(worst, own);
}
