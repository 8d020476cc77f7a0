/* config.c - fuzz target: a whole sdr.conf
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/config.h"

#include "files.h"
#include "fuzz.h"
#include "verdict.h"

static void
check_sites(const struct sdr_config *config)
{
    FUZZ_RULE(config->site_count > 0 && config->site_count <= SDR_SITES_MAX);
    FUZZ_RULE(config->this_site < config->site_count);
    for (unsigned i = 0; i < config->site_count; i++) {
        const struct sdr_site *site = &config->sites[i];
        bool by_next_hop = site->delivery == SDR_BY_NEXT_HOP;

        FUZZ_RULE(fuzz_is_clean(site->name) && site->name[0] != '\0');
        FUZZ_RULE(by_next_hop == (site->next_hop != NULL));
        FUZZ_RULE(!by_next_hop || i != config->this_site);
        FUZZ_RULE(sdr_config_owner(config, site->name, strlen(site->name))
                  != 0);
    }
}

static void
check_names(const struct sdr_config *config)
{
    for (unsigned i = 0; i < config->name_count; i++) {
        const struct sdr_name *name = &config->names[i];

        FUZZ_RULE(sdr_config_name(config, name->domain) == name);
        FUZZ_RULE(i == 0
                  || strcmp(config->names[i - 1].domain, name->domain) < 0);
        if (name->kind != SDR_NAME_SPLIT)
            FUZZ_RULE(name->site < config->site_count);
        if (name->kind != SDR_NAME_ACCEPT)
            FUZZ_RULE(name->split < config->domain_count);
    }
}

static void
check_domain(const struct sdr_config *config, unsigned index)
{
    const struct sdr_domain *domain = &config->domains[index];
    const struct sdr_name *name = sdr_config_name(config, domain->ascii);

    FUZZ_RULE(name != NULL && name->kind == SDR_NAME_SPLIT);
    FUZZ_RULE(name->split == domain->canonical);
    FUZZ_RULE(domain->canonical < config->domain_count);
    FUZZ_RULE(domain->unknown != SDR_UNKNOWN_SITE
              || domain->unknown_site < config->site_count);
    if (domain->canonical != index)
        return;
    for (unsigned i = 0; i < config->site_count; i++) {
        name = sdr_config_name(config, domain->routing[i]);
        FUZZ_RULE(name != NULL && name->kind == SDR_NAME_ROUTING);
        FUZZ_RULE(name->site == i && name->split == index);
    }
}

static void
check_directory(const struct sdr_config *config,
                const struct sdr_directory_options *directory)
{
    FUZZ_RULE(directory->default_owner < config->site_count);
    FUZZ_RULE(directory->uris.count > 0);
    FUZZ_RULE(directory->mapping.addresses.count > 0);
    FUZZ_RULE(directory->timeout >= 1 && directory->timeout <= 60);
    FUZZ_RULE(directory->max_connections >= 1);
    FUZZ_RULE(
        directory->bind != SDR_BIND_SIMPLE
        || (directory->password != NULL && directory->password[0] != '\0'));
}

/* Check the verdict about a recipient that is in no directory. */
static void
check_unknown(const struct sdr_config *config, const char *domain)
{
    struct sdr_answer answer = {.status = SDR_NOTFOUND};
    char recipient[SDR_DOMAIN_MAX + sizeof "alice@"];
    struct sdr_question question;
    struct sdr_verdict verdict;

    snprintf(recipient, sizeof recipient, "alice@%s", domain);
    if (sdr_route_begin(config, recipient, &question, &verdict) != SDR_OK)
        sdr_route_decide(config, &question, &answer, &verdict);
    verdict_check(&question, &verdict);
}

static void
check(const struct sdr_config *config)
{
    check_sites(config);
    check_names(config);
    FUZZ_RULE(config->domain_count > 0 && config->directory_count > 0);
    for (unsigned i = 0; i < config->domain_count; i++)
        check_domain(config, i);
    for (unsigned i = 0; i < config->directory_count; i++)
        check_directory(config, &config->directories[i]);
    for (unsigned i = 0; i < config->name_count; i++)
        check_unknown(config, config->names[i].domain);
    FUZZ_RULE(config->loop_limit >= 1 && config->milter.socket[0] == '/');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sdr_config *config;
    unsigned mistake_count;
    enum sdr_status status =
        files_load(&config, (const char *)data, size, &mistake_count);

    FUZZ_RULE(status == SDR_OK || status == SDR_CONFIG);
    FUZZ_RULE((config != NULL) == (status == SDR_OK));
    FUZZ_RULE((mistake_count == 0) == (status == SDR_OK));
    if (config != NULL)
        check(config);
    sdr_config_free(&config);
    return 0;
}
