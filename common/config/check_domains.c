/* check_domains.c - check domains and build the table of names: see load.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *
sdr_check_percent(const char *template)
{
    const char *s = template == NULL ? NULL : strchr(template, '%');

    while (s != NULL && s[1] == 'd')
        s = strchr(s + 2, '%');
    return s;
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

/* Write the template with DOMAIN in place of each %d. Returns false if it does
 * not fit. */
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

    if (s->routing_domain == NULL
        || sdr_check_percent(s->routing_domain) != NULL)
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

/* Returns true if TEXT is an ASCII address in a split domain, which "sdrctl
 * check sites" replaces by the site's routing domain. */
static bool
is_verifiable(const struct sdr_config *config, const char *text)
{
    struct sdr_address address;
    const struct sdr_name *name = NULL;

    if (sdr_is_ascii(text, strlen(text))
        && sdr_address_parse_path(&address, text) == SDR_OK)
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

/* Describe the meaning of a name. Sets *LINE to the line of the option that
 * defines it; a [domain NAME] leaves *LINE unchanged. */
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

void
sdr_check_domains(struct sdr_load *load)
{
    check_domains(load);
    check_names(load);
}
