/* check.c - check all options together: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "net/inet.h"

/* Set *SITE to the site that the option names, or note a mistake. */
static void
resolve_site(struct sdr_load *load, const char *kind, const char *name,
             const char *option, const char *text, unsigned *site)
{
    int index;

    if (text == NULL)
        return; /* reported as missing */
    index = sdr_config_find_site(load->config, text);
    if (index < 0)
        sdr_load_mistake(load, sdr_load_line(load, kind, name, option),
                         "%s: there is no [site %s]", option, text);
    else
        *site = (unsigned)index;
}

/* ---- sites ---- */

static void
check_site(struct sdr_load *load, const struct sdr_site *site)
{
    const struct sdr_config *config = load->config;
    bool by_next_hop = site->delivery == SDR_BY_NEXT_HOP;
    unsigned line = sdr_load_line(load, "site", site->name, "next-hop");
    const char *percent = sdr_check_percent(site->routing_domain);
    unsigned index = (unsigned)(site - config->sites);

    if (strpbrk(site->name, " \t;,\"\\%@") != NULL)
        sdr_load_mistake(load, sdr_load_section(load, "site", site->name),
                         "[site %s]: the name must not contain blanks or any "
                         "of ; , \" \\ %% @",
                         site->name);
    if (percent != NULL)
        sdr_load_mistake(
            load, sdr_load_line(load, "site", site->name, "routing-domain"),
            "routing-domain: \"%s\": %.2s means nothing; only %%d does, the "
            "split domain",
            site->routing_domain, percent);
    if (by_next_hop && site->next_hop == NULL)
        sdr_load_mistake(load,
                         sdr_load_line(load, "site", site->name, "delivery"),
                         "delivery: route needs a next-hop");
    if (!by_next_hop && site->next_hop != NULL)
        sdr_load_mistake(load, line, "next-hop: only with delivery = route");
    if (site->next_hop != NULL && strpbrk(site->next_hop, " \t\"\\") != NULL)
        sdr_load_mistake(load, line, "next-hop: \"%s\" is not host:port",
                         site->next_hop);
    for (unsigned i = 0; i < site->owner_values.count; i++) {
        const char *value = site->owner_values.items[i];
        sdr_sites owner = sdr_config_owner(config, value, strlen(value));

        if (owner != (sdr_sites)1 << index)
            sdr_load_mistake(
                load,
                sdr_load_line_of(load, "site", site->name, "owner-value", i),
                "owner-value: \"%s\" already means [site %s]", value,
                config->sites[__builtin_ctz(owner)].name);
    }
}

static void
check_sites(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    if (config->site_count > SDR_SITES_MAX) {
        sdr_load_mistake(load, 0, "more than %d sites", SDR_SITES_MAX);
        return;
    }
    for (unsigned i = 0; i < config->site_count; i++)
        check_site(load, &config->sites[i]);
    resolve_site(load, "", NULL, "this-site", config->this_site_text,
                 &config->this_site);
    if (config->site_count > 0
        && config->sites[config->this_site].delivery == SDR_BY_NEXT_HOP)
        sdr_load_mistake(load,
                         sdr_load_line(load, "site",
                                       config->sites[config->this_site].name,
                                       "delivery"),
                         "delivery: route makes no sense for this-site");
}

/* ---- everything together ---- */

static void
check_socket(struct sdr_load *load, const char *option, const char **path)
{
    const struct sockaddr_un *address;
    struct sdr_inet inet;
    unsigned line = sdr_load_line(load, "milter", NULL, option);

    if (*path == NULL)
        return;
    if (sdr_is_inet(*path)) {
        if (!sdr_inet_parse(*path, &inet))
            sdr_load_mistake(load, line,
                             "%s: \"%s\" is not inet:PORT, inet:ADDRESS:PORT "
                             "or inet:[ADDRESS]:PORT, with an IP address",
                             option, *path);
        return;
    }
    if (strncasecmp(*path, "unix:", 5) == 0)
        *path += 5;
    if ((*path)[0] != '/')
        sdr_load_mistake(load, line,
                         "%s: \"%s\" is not unix:/PATH or inet:ADDRESS:PORT",
                         option, *path);
    if (strlen(*path) >= sizeof address->sun_path)
        sdr_load_mistake(
            load, line,
            "%s: longer than %zu octets, the limit for a socket's path", option,
            sizeof address->sun_path - 1);
}

/* Prometheus's textfile collector reads only files named *.prom. */
static void
check_metrics(struct sdr_load *load, const char *section, const char *path)
{
    size_t len = path == NULL ? 0 : strlen(path);

    if (path != NULL
        && (path[0] != '/' || len < 6 || strcmp(path + len - 5, ".prom") != 0))
        sdr_load_mistake(load,
                         sdr_load_line(load, section, NULL, "metrics-file"),
                         "metrics-file: \"%s\" is not /PATH.prom", path);
}

static void
check_milter(struct sdr_load *load)
{
    struct sdr_milter_options *milter = &load->config->milter;
    const struct sdr_replica_options *replica = &load->config->replica;

    check_socket(load, "socket", &milter->socket);
    check_socket(load, "map-socket", &milter->map_socket);
    if (milter->map_socket != NULL
        && strcmp(milter->socket, milter->map_socket) == 0)
        sdr_load_mistake(load,
                         sdr_load_line(load, "milter", NULL, "map-socket"),
                         "map-socket: the same as socket: they speak "
                         "different protocols");
    if (milter->rewrite == SDR_TABLES_REWRITE && milter->map_socket == NULL)
        sdr_load_mistake(load, sdr_load_line(load, "milter", NULL, "rewrite"),
                         "rewrite: \"tables\" needs map-socket, where the mail "
                         "server asks the tables");
    if (milter->key_file != NULL && milter->key_file[0] != '/')
        sdr_load_mistake(load, sdr_load_line(load, "milter", NULL, "key-file"),
                         "key-file: \"%s\" does not begin with /",
                         milter->key_file);
    check_metrics(load, "milter", milter->metrics_file);
    check_metrics(load, "replica", replica->metrics_file);
    if (milter->metrics_file != NULL && replica->metrics_file != NULL
        && strcmp(milter->metrics_file, replica->metrics_file) == 0)
        sdr_load_mistake(load,
                         sdr_load_line(load, "milter", NULL, "metrics-file"),
                         "metrics-file: the same file as in [replica]: one "
                         "would overwrite the other");
}

static void
check_replica(struct sdr_load *load)
{
    const struct sdr_replica_options *replica = &load->config->replica;
    unsigned line = sdr_load_line(load, "replica", NULL, "path");

    if (replica->path != NULL && replica->path[0] != '/')
        sdr_load_mistake(load, line, "path: \"%s\" does not begin with /",
                         replica->path);
    if (replica->path != NULL && load->config->directory_count > UCHAR_MAX + 1)
        sdr_load_mistake(load, line,
                         "path: a replica can hold at most %d directories",
                         UCHAR_MAX + 1);
    for (unsigned i = 0; i < load->config->directory_count; i++) {
        const struct sdr_directory_options *directory =
            &load->config->directories[i];

        if (directory->ldif_path != NULL && replica->path == NULL)
            sdr_load_mistake(
                load, sdr_load_line(load, "directory", directory->name, "uri"),
                "uri: ldif: needs a [replica] with a path");
    }
}

/* Each character is a delimiter: with "plus", paula would be pau with an
 * extension. */
static void
check_delimiter(struct sdr_load *load)
{
    const char *text = load->config->recipient_delimiter;

    for (const char *s = text; *s != '\0'; s++) {
        if (!isalnum((unsigned char)*s))
            continue;
        sdr_load_mistake(load,
                         sdr_load_line(load, "", NULL, "recipient-delimiter"),
                         "recipient-delimiter: \"%s\" has letters or digits; "
                         "write the character itself, such as +",
                         text);
        return;
    }
}

static void
check_journal(struct sdr_load *load)
{
    const char *path = load->config->journal_directory;

    if (path != NULL && path[0] != '/')
        sdr_load_mistake(
            load, sdr_load_line(load, "", NULL, "journal-directory"),
            "journal-directory: \"%s\" does not begin with /", path);
}

void
sdr_check(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    check_delimiter(load);
    check_journal(load);
    check_sites(load);
    sdr_check_domains(load);
    for (unsigned i = 0; i < config->directory_count; i++) {
        struct sdr_directory_options *directory = &config->directories[i];

        resolve_site(load, "directory", directory->name, "default-owner",
                     directory->default_owner_text, &directory->default_owner);
        sdr_check_directory(load, directory);
    }
    check_milter(load);
    check_replica(load);
}
