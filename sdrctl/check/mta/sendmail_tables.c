/* sendmail_tables.c - sdrctl check mta: Sendmail and sdr-milter's tables
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char m4_lines[] =
    "add SDR_MAP_SOCKET, SDR_DOMAINS and sendmail-sdr.m4 to sendmail.mc, see "
    "sdr-milter(8)";

/* Check the PATH of a map or an alias file. */
static void
look_at_path(const struct sendmail *sm, const char *subject, const char *path)
{
    const char *ours = sm->mta->config->milter.map_socket;

    if (path[0] == '\0')
        report(sm->mta, CHECK_WRONG, subject, m4_lines,
               "sdr-milter's socket is missing: mail is deferred, goes to the "
               "wrong place or bounces");
    else if (ours == NULL)
        report(sm->mta, CHECK_WRONG, subject,
               "set map-socket = unix:PATH in sdr.conf, and restart sdr-milter",
               "Sendmail queries %s, but sdr.conf has no map-socket: mail for "
               "the split domains is deferred",
               path);
    else if (!same_path(path, ours) && !is_socket(path, ours))
        report(sm->mta, CHECK_WRONG, subject,
               "set SDR_MAP_SOCKET in sendmail.mc to the same socket",
               "Sendmail queries %s, but map-socket in sdr.conf is %s: mail "
               "for the split domains is deferred",
               path, ours);
}

/* Check that an alias file has a current database. Without one, Sendmail parses
 * the text during delivery, and the rules rewrite the alias names as
 * recipients. */
static void
look_at_database(const struct sendmail *sm, const char *path)
{
    static const char *const suffixes[] = {".db", ".pag", ".cdb"};
    time_t newest = 0;
    struct stat text, st;
    char name[520];

    for (unsigned i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (stat(name, &st) == 0 && st.st_mtime >= newest)
            newest = st.st_mtime + 1;
    }
    if (stat(path, &text) != 0)
        return;
    if (newest == 0)
        report(sm->mta, CHECK_WRONG, "AliasFile", "run newaliases",
               "%s has no database: the rules rewrite the names of aliases, "
               "and mail for them goes to the wrong place",
               path);
    else if (newest <= text.st_mtime)
        report(sm->mta, CHECK_DOUBTFUL, "AliasFile", "run newaliases",
               "%s is newer than its database: Sendmail reads the old entries",
               path);
}

/* The rules query the tables for domains in the class SdrDomain only. */
static void
look_at_sdr_domain(void *arg, const char *domain, const char *site)
{
    const struct sendmail *sm = arg;

    if (site == NULL && !is_in_class(sm, "SdrDomain", domain))
        report(sm->mta, CHECK_WRONG, "SDR_DOMAINS",
               "add it to SDR_DOMAINS in sendmail.mc",
               "%s is not listed: Sendmail does not query the lookup tables "
               "for its recipients",
               domain);
}

/* Check the maps and classes of sendmail-sdr.m4. Reports faults only. */
static void
look_at_rules(struct sendmail *sm)
{
    static const char *const maps[] = {"redirect", "recipient", "transport"};
    const char *at = get_cf_option(sm, "AliasFile");
    char type[64], path[512], subject[32], socket[512] = "";

    for (unsigned i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        snprintf(subject, sizeof subject, "map %s", maps[i]);
        read_sendmail_map(sm, maps[i], type, path);
        look_at_path(sm, subject, path);
    }
    while (next_alias_file(&at, type, path)) {
        if (strcmp(type, "socket") == 0)
            snprintf(socket, sizeof socket, "%s", path);
        else if (type[0] == '\0' && path[0] != '\0')
            look_at_database(sm, path);
    }
    look_at_path(sm, "AliasFile", socket);
    for_each_domain(sm->mta->config, look_at_sdr_domain, sm);
}

/* Check that the rules match the option rewrite in sdr.conf. */
void
look_at_sendmail_tables(struct sendmail *sm)
{
    const struct sdr_config *config = sm->mta->config;
    enum check_result before = sm->mta->worst;

    sm->mta->worst = CHECK_OK;
    if (has_text(sm->cf, "sdr-copy . $3 . = . $4"))
        report(sm->mta, CHECK_WRONG, "sendmail-sdr.m4",
               "rebuild sendmail.cf with make -C /etc/mail, run newaliases, "
               "and restart Sendmail",
               "sendmail.cf has the rules of an older sdr: recipients with "
               "several owners are rejected");
    else if (sm->mta->tables && !sm->routed)
        report(sm->mta, CHECK_WRONG, "rewrite", m4_lines,
               "sdr.conf has rewrite = tables, but no rule queries the lookup "
               "tables: mail for other sites stays here");
    else if (!sm->mta->tables && sm->routed)
        report(sm->mta, CHECK_WRONG, "rewrite",
               "set rewrite = tables in sdr.conf, or remove sendmail-sdr.m4 "
               "from sendmail.mc",
               "the rules query the lookup tables, but sdr.conf has rewrite = "
               "milter: mail for the split domains is deferred");
    if (sm->routed)
        look_at_rules(sm);
    if (sm->routed && sm->mta->worst == CHECK_OK)
        report(sm->mta, CHECK_OK, "map redirect", NULL,
               "mail for members of aliases and .forward targets, bounces and "
               "local submissions are routed");
    if (!sm->routed && config->milter.map_socket != NULL)
        report(sm->mta, CHECK_DOUBTFUL, "map-socket", m4_lines,
               "no rule queries the lookup tables at %s",
               config->milter.map_socket);
    if (!sm->routed && sdr_config_has_next_hop(config))
        report(sm->mta, CHECK_WRONG, "map transport", m4_lines,
               "no rule queries the lookup tables: mail for sites with "
               "delivery = route stays here");
    worsen(&sm->mta->worst, before);
}
