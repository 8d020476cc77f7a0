/* domains.c - the meaning of domains, and findings that all MTAs share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <stdio.h>
#include <string.h>

const struct sdr_name *
name_of(const struct mta *mta, const char *address)
{
    const char *at = strrchr(address, '@');
    char domain[SDR_DOMAIN_MAX + 1];

    return sdr_address_domain(domain, at == NULL ? address : at + 1) == SDR_OK
               ? sdr_config_name(mta->config, domain)
               : NULL;
}

bool
is_own(const struct mta *mta, const char *address)
{
    const struct sdr_name *name = name_of(mta, address);

    return name != NULL
           && (name->kind == SDR_NAME_SPLIT
               || (name->kind == SDR_NAME_ROUTING
                   && name->site == mta->config->this_site));
}

bool
is_foreign(const struct mta *mta, const char *address)
{
    const struct sdr_name *name = name_of(mta, address);

    return name != NULL && name->kind == SDR_NAME_ROUTING
           && name->site != mta->config->this_site;
}

void
for_each_domain(const struct sdr_config *config, domain_look *look, void *arg)
{
    for (unsigned i = 0; i < config->domain_count; i++) {
        const struct sdr_domain *domain = &config->domains[i];

        look(arg, domain->ascii, NULL);
        for (unsigned j = 0; domain->canonical == i && j < config->site_count;
             j++) {
            if (j == config->this_site)
                look(arg, domain->routing[j], NULL);
            else if (config->sites[j].delivery == SDR_REWRITE)
                look(arg, domain->routing[j], config->sites[j].name);
        }
    }
}

void
report_kept(struct mta *mta, const char *parameter, const char *domain,
            const char *site)
{
    report(mta, CHECK_WRONG, parameter, "take it out",
           "%s, of the site %s, is among them: mail for the site stays here",
           domain, site);
}

void
report_relayed(struct mta *mta, const char *parameter, const char *advice,
               const char *domain, const char *site)
{
    report(mta, CHECK_DOUBTFUL, parameter, advice,
           "anybody may relay to %s, of the site %s, through this host", domain,
           site);
}

void
report_loops_back(struct mta *mta, const char *table, const char *domain)
{
    char advice[128];

    snprintf(advice, sizeof advice,
             "name the host that has the mailboxes in %s", table);
    report(mta, CHECK_WRONG, table, advice,
           "mail for %s that stays here goes to its MX: it loops back", domain);
}
