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
    report(mta, CHECK_WRONG, parameter, "remove it",
           "%s, the routing domain of site %s, is listed: mail for that site "
           "stays on this host",
           domain, site);
}

void
report_relayed(struct mta *mta, const char *parameter, const char *advice,
               const char *domain, const char *site)
{
    report(mta, CHECK_DOUBTFUL, parameter, advice,
           "any client may relay mail through this host to %s, the routing "
           "domain of site %s",
           domain, site);
}

void
report_loops_back(struct mta *mta, const char *table, const char *domain)
{
    char advice[128];

    snprintf(advice, sizeof advice,
             "in %s, name the host that has the mailboxes", table);
    report(mta, CHECK_WRONG, table, advice,
           "no entry names the host with the mailboxes of %s: mail that stays "
           "at this site goes to the MX of the domain and loops back",
           domain);
}
