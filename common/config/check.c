/* check.c - the configuration as a whole: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "net/inet.h"

static int
find_domain(const struct sdr_config *config, const char *name)
{
    char ascii[SDR_DOMAIN_MAX + 1];

    if (sdr_address_domain(ascii, name) != SDR_OK)
        return -1;
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (strcmp(config->domains[i].ascii, ascii) == 0)
            return (int)i;
    }
    return -1;
}

/* Set *index to the site that an option names, or complain. */
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

/* The first % that is not %d; NULL if there is none. */
static const char *
unknown_percent(const char *template)
{
    const char *s = template == NULL ? NULL : strchr(template, '%');

    while (s != NULL && s[1] == 'd')
        s = strchr(s + 2, '%');
    return s;
}

static void
check_site(struct sdr_load *load, const struct sdr_site *site)
{
    const struct sdr_config *config = load->config;
    bool by_next_hop = site->delivery == SDR_BY_NEXT_HOP;
    unsigned line = sdr_load_line(load, "site", site->name, "next-hop");
    const char *percent = unknown_percent(site->routing_domain);
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

/* ---- domains and the names that follow from them ---- */

static void
check_unknown(struct sdr_load *load, struct sdr_domain *domain)
{
    if (strcasecmp(domain->unknown_text, "reject") == 0) {
        domain->unknown = SDR_UNKNOWN_REJECT;
    } else if (strcasecmp(domain->unknown_text, "pass") == 0) {
        domain->unknown = SDR_UNKNOWN_PASS;
    } else {
        int site = sdr_config_find_site(load->config, domain->unknown_text);

        domain->unknown = SDR_UNKNOWN_SITE;
        domain->unknown_site = site < 0 ? 0 : (unsigned)site;
        if (site < 0)
            sdr_load_mistake(
                load, sdr_load_line(load, "domain", domain->name, "unknown"),
                "unknown: \"%s\" is not reject or pass, and there is no "
                "[site %s]",
                domain->unknown_text, domain->unknown_text);
    }
}

static void
check_alias(struct sdr_load *load, struct sdr_domain *domain)
{
    struct sdr_config *config = load->config;
    unsigned line = sdr_load_line(load, "domain", domain->name, "unknown");
    int index;

    domain->canonical = (unsigned)(domain - config->domains);
    if (domain->alias_text == NULL)
        return;
    if (line > 0)
        sdr_load_mistake(load, line,
                         "unknown: not for an alias; set it in the domain that "
                         "alias-of names");
    index = find_domain(config, domain->alias_text);
    if (index >= 0 && config->domains[index].alias_text == NULL)
        domain->canonical = (unsigned)index;
    else
        sdr_load_mistake(
            load, sdr_load_line(load, "domain", domain->name, "alias-of"),
            index < 0 ? "alias-of: there is no [domain %s]"
                      : "alias-of: [domain %s] is an alias itself",
            domain->alias_text);
}

static void
check_domains(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        struct sdr_domain *domain = &config->domains[i];

        if (sdr_address_domain(domain->ascii, domain->name) != SDR_OK)
            sdr_load_mistake(load,
                             sdr_load_section(load, "domain", domain->name),
                             "[domain %s]: not a domain name", domain->name);
    }
    for (unsigned i = 0; i < config->domain_count; i++) {
        check_unknown(load, &config->domains[i]);
        check_alias(load, &config->domains[i]);
    }
    if (config->domain_count == 0)
        sdr_load_mistake(load, 0, "there is no [domain ...]");
    if (config->directory_count == 0)
        sdr_load_mistake(load, 0, "there is no [directory ...]");
}

/* Write the template with DOMAIN for each %d. False if it does not fit. */
static bool
expand(const char *template, const char *domain, char *out, size_t size)
{
    size_t used = 0;

    for (const char *s = template; *s != '\0'; s++) {
        bool is_domain = s[0] == '%' && s[1] == 'd';
        int n;

        n = is_domain ? snprintf(out + used, size - used, "%s", domain)
                      : snprintf(out + used, size - used, "%c", *s);
        if (n < 0 || (size_t)n >= size - used)
            return false;
        used += (size_t)n;
        if (is_domain)
            s++;
    }
    return true;
}

static void
add_name(struct sdr_load *load, const char *domain, enum sdr_name_kind kind,
         unsigned site, unsigned split)
{
    struct sdr_config *config = load->config;
    struct sdr_name *names =
        realloc(config->names, (config->name_count + 1) * sizeof *names);

    if (names == NULL) {
        load->no_memory = true;
        return;
    }
    config->names = names;
    names[config->name_count] =
        (struct sdr_name){.kind = kind, .site = site, .split = split};
    snprintf(names[config->name_count].domain, sizeof names->domain, "%s",
             domain);
    config->name_count++;
}

static void
expand_site(struct sdr_load *load, unsigned split, unsigned site)
{
    struct sdr_domain *domain = &load->config->domains[split];
    const struct sdr_site *s = &load->config->sites[site];
    char text[SDR_DOMAIN_MAX + 1];

    if (s->routing_domain == NULL || unknown_percent(s->routing_domain) != NULL)
        return; /* reported */
    if (!expand(s->routing_domain, domain->ascii, text, sizeof text)
        || sdr_address_domain(domain->routing[site], text) != SDR_OK) {
        sdr_load_mistake(
            load, sdr_load_line(load, "site", s->name, "routing-domain"),
            "routing-domain: \"%s\" does not give a domain name for %s",
            s->routing_domain, domain->name);
        return;
    }
    add_name(load, domain->routing[site], SDR_NAME_ROUTING, site, split);
}

static void
expand_domain(struct sdr_load *load, unsigned split)
{
    struct sdr_config *config = load->config;
    struct sdr_domain *domain = &config->domains[split];

    if (domain->ascii[0] == '\0')
        return; /* reported: not a domain name */
    add_name(load, domain->ascii, SDR_NAME_SPLIT, 0, domain->canonical);
    if (domain->canonical != split || config->site_count == 0)
        return;
    domain->routing = calloc(config->site_count, sizeof *domain->routing);
    if (domain->routing == NULL) {
        load->no_memory = true;
        return;
    }
    for (unsigned i = 0; i < config->site_count; i++)
        expand_site(load, split, i);
}

static void
add_accepted(struct sdr_load *load, unsigned site)
{
    const struct sdr_site *s = &load->config->sites[site];

    for (unsigned i = 0; i < s->accept_domains.count; i++) {
        char domain[SDR_DOMAIN_MAX + 1];

        if (sdr_address_domain(domain, s->accept_domains.items[i]) == SDR_OK)
            add_name(load, domain, SDR_NAME_ACCEPT, site, 0);
        else
            sdr_load_mistake(
                load,
                sdr_load_line_of(load, "site", s->name, "accept-domain", i),
                "accept-domain: \"%s\" is not a domain name",
                s->accept_domains.items[i]);
    }
}

/* A mailbox must be in a split domain, which is rewritten. */
static bool
is_verifiable(const struct sdr_config *config, const char *text)
{
    struct sdr_address address;
    const struct sdr_name *name = NULL;

    for (const char *s = text; *s != '\0'; s++) {
        if ((unsigned char)*s >= 0x80)
            return false;
    }
    if (sdr_address_parse_path(&address, text) == SDR_OK)
        name = sdr_config_name(config, address.domain);
    return name != NULL && name->kind == SDR_NAME_SPLIT;
}

static void
check_verify(struct sdr_load *load, const struct sdr_site *site)
{
    for (unsigned i = 0; i < site->verify_addresses.count; i++) {
        const char *text = site->verify_addresses.items[i];

        if (!is_verifiable(load->config, text))
            sdr_load_mistake(
                load,
                sdr_load_line_of(load, "site", site->name, "verify-address", i),
                "verify-address: \"%s\" is not an address in a split domain, "
                "in "
                "ASCII",
                text);
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(((const struct sdr_name *)a)->domain,
                  ((const struct sdr_name *)b)->domain);
}

/* What a name is, and the line to fix. */
static void
describe_name(const struct sdr_load *load, const struct sdr_name *name,
              struct sdr_error *what, unsigned *line)
{
    const struct sdr_config *config = load->config;
    const char *option =
        name->kind == SDR_NAME_ROUTING ? "routing-domain" : "accept-domain";

    if (name->kind == SDR_NAME_SPLIT) {
        sdr_error_set(what, "[domain %s]", name->domain);
        return;
    }
    *line = sdr_load_line(load, "site", config->sites[name->site].name, option);
    sdr_error_set(
        what, "%s of [site %s]%s%s", option, config->sites[name->site].name,
        name->kind == SDR_NAME_ROUTING ? " for " : "",
        name->kind == SDR_NAME_ROUTING ? config->domains[name->split].name
                                       : "");
}

static void
check_names(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    if (config->site_count > SDR_SITES_MAX)
        return;
    for (unsigned i = 0; i < config->domain_count; i++)
        expand_domain(load, i);
    for (unsigned i = 0; i < config->site_count; i++)
        add_accepted(load, i);
    if (config->name_count > 1)
        qsort(config->names, config->name_count, sizeof *config->names,
              compare_names);
    for (unsigned i = 1; i < config->name_count; i++) {
        const struct sdr_name *a = &config->names[i - 1];
        const struct sdr_name *b = &config->names[i];
        unsigned line = 0;
        struct sdr_error first, second;

        if (strcmp(a->domain, b->domain) != 0)
            continue;
        describe_name(load, a, &first, &line);
        describe_name(load, b, &second, &line);
        sdr_load_mistake(load, line, "%s has two meanings: %s, and %s",
                         a->domain, first.text, second.text);
    }
    for (unsigned i = 0; i < config->site_count; i++)
        check_verify(load, &config->sites[i]);
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

/* The collector reads no other names. */
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

/* "plus" would cut Paula short. */
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

void
sdr_check(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    check_delimiter(load);
    check_sites(load);
    check_domains(load);
    check_names(load);
    for (unsigned i = 0; i < config->directory_count; i++) {
        struct sdr_directory_options *directory = &config->directories[i];

        resolve_site(load, "directory", directory->name, "default-owner",
                     directory->default_owner_text, &directory->default_owner);
        sdr_check_directory(load, directory);
    }
    check_milter(load);
    check_replica(load);
}
