/* check.c - the configuration as a whole: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "profile.h"
#include "trust.h"

enum { PASSWORD_MAX_OCTETS = 1024 };

/* The index of the site called NAME, or -1. */
static int
find_site(const struct sdr_config *config, const char *name)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        if (strcasecmp(config->sites[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

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
        return; /* told as missing */
    index = find_site(load->config, text);
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
    unsigned index = (unsigned)(site - config->sites);

    if (strpbrk(site->name, " \t;,\"\\%@") != NULL)
        sdr_load_mistake(load, 0,
                         "[site %s]: a name without blanks and ; , \" \\ %% @ "
                         "is needed",
                         site->name);
    if (by_next_hop && site->next_hop == NULL)
        sdr_load_mistake(load,
                         sdr_load_line(load, "site", site->name, "delivery"),
                         "delivery: route needs a next-hop");
    if (!by_next_hop && site->next_hop != NULL)
        sdr_load_mistake(load, line, "next-hop: only with delivery = route");
    if (site->next_hop != NULL && strpbrk(site->next_hop, " \t\"\\") != NULL)
        sdr_load_mistake(load, line, "next-hop: \"%s\" is no host:port",
                         site->next_hop);
    for (unsigned i = 0; i < site->owner_values.count; i++) {
        const char *value = site->owner_values.items[i];
        sdr_sites owner = sdr_config_owner(config, value, strlen(value));

        if (owner != (sdr_sites)1 << index)
            sdr_load_mistake(
                load,
                sdr_load_line_of(load, "site", site->name, "owner-value", i),
                "owner-value: \"%s\" means another site already", value);
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
        domain->unknown = SDR_UNKNOWN_SITE;
        resolve_site(load, "domain", domain->name, "unknown",
                     domain->unknown_text, &domain->unknown_site);
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
                         "unknown: an alias follows the domain it stands for");
    index = find_domain(config, domain->alias_text);
    if (index >= 0 && config->domains[index].alias_text == NULL)
        domain->canonical = (unsigned)index;
    else
        sdr_load_mistake(
            load, sdr_load_line(load, "domain", domain->name, "alias-of"),
            "alias-of: there is no [domain %s] that is no alias itself",
            domain->alias_text);
}

static void
check_domains(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        struct sdr_domain *domain = &config->domains[i];

        if (sdr_address_domain(domain->ascii, domain->name) != SDR_OK)
            sdr_load_mistake(load, 0, "[domain %s]: no domain name",
                             domain->name);
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

/* Write the template with DOMAIN for each %d. False if it has another % or
 * does not fit. */
static bool
expand(const char *template, const char *domain, char *out, size_t size)
{
    size_t used = 0;

    for (const char *s = template; *s != '\0'; s++) {
        bool is_domain = s[0] == '%' && s[1] == 'd';
        int n;

        if (s[0] == '%' && !is_domain)
            return false;
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

    if (s->routing_domain == NULL)
        return; /* told as missing */
    if (!expand(s->routing_domain, domain->ascii, text, sizeof text)
        || sdr_address_domain(domain->routing[site], text) != SDR_OK) {
        sdr_load_mistake(load,
                         sdr_load_line(load, "site", s->name, "routing-domain"),
                         "routing-domain: \"%s\" gives no domain name for %s",
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
        return; /* told as no domain name */
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
                "accept-domain: \"%s\" is no domain name",
                s->accept_domains.items[i]);
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(((const struct sdr_name *)a)->domain,
                  ((const struct sdr_name *)b)->domain);
}

/* Who a name belongs to, and the line to mend it at. */
static const char *
name_owner(const struct sdr_load *load, const struct sdr_name *name,
           unsigned *line)
{
    switch (name->kind) {
    case SDR_NAME_SPLIT:
        return "split domain";
    case SDR_NAME_ROUTING:
        *line =
            sdr_load_line(load, "site", load->config->sites[name->site].name,
                          "routing-domain");
        return load->config->sites[name->site].name;
    case SDR_NAME_ACCEPT:
        *line =
            sdr_load_line(load, "site", load->config->sites[name->site].name,
                          "accept-domain");
        return load->config->sites[name->site].name;
    }
    return "";
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
        const char *first, *second;

        if (strcmp(a->domain, b->domain) != 0)
            continue;
        first = name_owner(load, a, &line);
        second = name_owner(load, b, &line);
        sdr_load_mistake(load, line,
                         "%s: this name means two things: %s and %s", a->domain,
                         first, second);
    }
}

/* ---- directories ---- */

/* A name for this machine: what is sent there meets no wire. */
static bool
is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0
        || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1
           && (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
}

/* Parse it into what libldap may be given; NULL, told, if it is nothing of the
 * kind. libldap knows more schemes than are documented. */
static LDAPURLDesc *
parse_uri(struct sdr_load *load, const char *uri, unsigned line)
{
    LDAPURLDesc *url = NULL;
    bool ldapi, known;

    if (ldap_url_parse(uri, &url) == LDAP_URL_SUCCESS) {
        ldapi = strcmp(url->lud_scheme, "ldapi") == 0;
        known = ldapi || strcmp(url->lud_scheme, "ldap") == 0
                || strcmp(url->lud_scheme, "ldaps") == 0;
        if (known && (url->lud_dn == NULL || url->lud_dn[0] == '\0')
            && (ldapi || (url->lud_host != NULL && url->lud_host[0] != '\0')))
            return url;
        ldap_free_urldesc(url);
    }
    sdr_load_mistake(load, line,
                     "uri: \"%s\" is not ldap://HOST, ldaps://HOST or "
                     "ldapi://SOCKET",
                     uri);
    return NULL;
}

/* True if TLS is used on this URI. */
static bool
check_uri(struct sdr_load *load, const struct sdr_directory_options *directory,
          unsigned index)
{
    const char *uri = directory->uris.items[index];
    unsigned line =
        sdr_load_line_of(load, "directory", directory->name, "uri", index);
    LDAPURLDesc *url = parse_uri(load, uri, line);
    bool ldap, tls;

    if (url == NULL)
        return false;
    ldap = strcmp(url->lud_scheme, "ldap") == 0;
    tls =
        strcmp(url->lud_scheme, "ldaps") == 0 || (ldap && directory->start_tls);
    if (!ldap && directory->start_tls)
        sdr_load_mistake(load, line, "uri: \"%s\": start-tls is for ldap://",
                         uri);
    if (ldap && !tls && directory->bind == SDR_BIND_SIMPLE
        && !directory->allow_plaintext_bind && !is_loopback(url->lud_host))
        sdr_load_mistake(load, line,
                         "uri: \"%s\" would carry the password unencrypted; "
                         "use ldaps:// or start-tls, or "
                         "allow-plaintext-bind = yes",
                         uri);
    ldap_free_urldesc(url);
    return tls;
}

static void
read_password(struct sdr_load *load, struct sdr_directory_options *directory)
{
    unsigned line =
        sdr_load_line(load, "directory", directory->name, "password-file");
    struct sdr_error error = {""};
    size_t len = 0;
    enum sdr_status status =
        sdr_trust_read(directory->password_file, true, PASSWORD_MAX_OCTETS,
                       &directory->password, &len, &error);

    if (status == SDR_TEMPFAIL)
        load->no_memory = true;
    else if (status != SDR_OK)
        sdr_load_mistake(load, line, "password-file: %s", error.text);
    if (status != SDR_OK)
        return;
    directory->password[strcspn(directory->password, "\r\n")] = '\0';
    /* An empty one would be an anonymous bind: RFC 4513, 5.1.2. */
    if (directory->password[0] == '\0')
        sdr_load_mistake(load, line, "password-file: %s: no password",
                         directory->password_file);
}

static void
check_bind(struct sdr_load *load, struct sdr_directory_options *directory)
{
    unsigned line = sdr_load_line(load, "directory", directory->name, "bind");

    switch (directory->bind) {
    case SDR_BIND_NONE:
        if (directory->bind_dn != NULL || directory->password_file != NULL)
            sdr_load_mistake(load, line,
                             "bind-dn and password-file: only with "
                             "bind = simple");
        return;
    case SDR_BIND_SIMPLE:
        if (directory->bind_dn == NULL || directory->password_file == NULL)
            sdr_load_mistake(load, line,
                             "bind: simple needs bind-dn and password-file");
        else
            read_password(load, directory);
        return;
    }
}

static void
check_filter(struct sdr_load *load,
             const struct sdr_directory_options *directory)
{
    const char *filter = directory->filter;

    /* libldap judges the rest at the first search. */
    if (filter != NULL
        && (filter[0] != '(' || filter[strlen(filter) - 1] != ')'))
        sdr_load_mistake(
            load, sdr_load_line(load, "directory", directory->name, "filter"),
            "filter: \"%s\" is not in parentheses (RFC 4515)", filter);
}

static void
check_directory(struct sdr_load *load, struct sdr_directory_options *directory)
{
    struct sdr_error error = {""};
    bool tls = false;

    for (unsigned i = 0; i < directory->uris.count; i++)
        tls |= check_uri(load, directory, i);
    resolve_site(load, "directory", directory->name, "default-owner",
                 directory->default_owner_text, &directory->default_owner);
    check_bind(load, directory);
    check_filter(load, directory);
    if (tls && directory->tls_require_cert
        && sdr_trust_check(directory->tls_ca_file, &error) != SDR_OK)
        sdr_load_mistake(
            load,
            sdr_load_line(load, "directory", directory->name, "tls-ca-file"),
            "tls-ca-file: %s", error.text);
    if (!sdr_profile_map(directory))
        sdr_load_mistake(
            load, sdr_load_line(load, "directory", directory->name, "profile"),
            "profile: there is no \"%s\", only %s", directory->profile,
            sdr_profile_names());
}

static void
check_milter(struct sdr_load *load)
{
    struct sdr_milter_options *milter = &load->config->milter;
    unsigned line = sdr_load_line(load, "milter", NULL, "socket");

    if (strncasecmp(milter->socket, "unix:", 5) == 0)
        milter->socket += 5;
    if (milter->socket[0] != '/')
        sdr_load_mistake(load, line,
                         "socket: \"%s\" is not unix:/PATH (over TCP each "
                         "step of the protocol costs 40 ms)",
                         milter->socket);
}

void
sdr_check(struct sdr_load *load)
{
    struct sdr_config *config = load->config;

    check_sites(load);
    check_domains(load);
    check_names(load);
    for (unsigned i = 0; i < config->directory_count; i++)
        check_directory(load, &config->directories[i]);
    check_milter(load);
}
