/* unknown.c - the option unknown: who rejects unknown recipients?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

bool
sends_unknown(const struct mta *mta, unsigned domain)
{
    const struct sdr_domain *d = &mta->config->domains[domain];

    return d->canonical == domain && d->unknown == SDR_UNKNOWN_SITE
           && d->unknown_site != mta->config->this_site;
}

bool
rejects_unknown(const struct mta *mta, const char *address)
{
    const struct sdr_name *name = name_of(mta, address);
    const struct sdr_domain *domains = mta->config->domains;

    return name != NULL && is_own(mta, address)
           && domains[domains[name->split].canonical].unknown
                  == SDR_UNKNOWN_REJECT;
}

void
report_unverified(struct mta *mta, const char *subject, const char *advice,
                  unsigned domain)
{
    const struct sdr_domain *d = &mta->config->domains[domain];

    report(mta, CHECK_DOUBTFUL, subject, advice,
           "this host does not verify recipients in %s, although unknown = %s: "
           "it accepts mail that the site then rejects, and sends bounces, "
           "also to forged senders",
           d->name, d->unknown_text);
}
