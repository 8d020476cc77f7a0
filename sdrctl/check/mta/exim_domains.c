/* exim_domains.c - sdrctl check mta: which mail Exim accepts
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/exim.h"

#include <stdio.h>
#include <string.h>

/* ---- domain lists, by the names in Debian's ACLs ---- */

void
look_at_domain_lists(void *arg, const char *domain, const char *site)
{
    struct exim *exim = arg;

    if (site != NULL
        && is_in_domain_list(exim, domain, "+local_domains") == YES)
        report_kept(exim->mta, "local_domains", domain, site);
    else if (site != NULL
             && is_in_domain_list(exim, domain, "+relay_to_domains") == YES)
        report_relayed(exim->mta, "relay_to_domains",
                       "remove it: sdr does not need it", domain, site);
    if (site != NULL)
        return;
    if (is_router_for(exim, exim->routers[exim->index], domain) == NO)
        report(exim->mta, CHECK_WRONG, exim->name,
               "remove its domains option: sdr.conf lists the domains",
               "its domains option does not match %s: mail for this domain is "
               "not routed",
               domain);
    look_at_earlier_routers(exim, domain);
    if (is_in_domain_list(exim, domain, "+local_domains : +relay_to_domains")
        == NO)
        report(exim->mta, CHECK_WRONG, "relay_to_domains",
               "add it to dc_relay_domains, or to dc_other_hostnames if its "
               "mailboxes are on this host",
               "Exim does not accept mail for %s from outside", domain);
}

/* ---- ACLs ---- */

/* True if the ACL NAME contains WORD. Exim prints an empty line after each ACL.
 */
static bool
acl_has(const struct exim *exim, const char *name, const char *word)
{
    char head[160];
    bool within = false;

    snprintf(head, sizeof head, "  %.140s:", name);
    for (const char *line = NULL;
         (line = next_line(exim->config, line)) != NULL;) {
        if (within && strstr(line, word) != NULL)
            return true;
        within = (within && line[0] != '\0') || strcmp(line, head) == 0;
    }
    return false;
}

/* True if the ACL that a main option names contains WORD. If it calls other
 * ACLs, any part of the configuration may contain it. */
static bool
acl_asks(struct exim *exim, const char *option, const char *word)
{
    const char *acl = get_main_option(exim, option);

    return acl[0] != '\0' && has_text(exim->config, word)
           && (acl_has(exim, acl, word) || acl_has(exim, acl, "acl = "));
}

void
look_at_acls(struct exim *exim)
{
    static const char rcpt[] = "acl_smtp_rcpt";

    if (!acl_asks(exim, rcpt, "verify = recipient")
        && !acl_asks(exim, rcpt, "{sdr_owner}"))
        report(exim->mta, CHECK_DOUBTFUL, rcpt,
               "add require verify = recipient to the ACL, or use sdr-rcpt-acl",
               "no ACL verifies recipients: Exim accepts mail for unknown "
               "recipients and bounces it later");
    if (!acl_asks(exim, "acl_smtp_data", "{sdr_loop}"))
        report(exim->mta, CHECK_WRONG, "acl_smtp_data", exim_examples,
               "no ACL for DATA asks sdr: Exim accepts a message that loops, "
               "until it counts too many hops");
    if (strstr(exim->data, "{sdr_verify}") != NULL
        && !acl_asks(exim, rcpt, " sdr_verify"))
        report(exim->mta, CHECK_DOUBTFUL, rcpt, exim_examples,
               "no ACL asks for sdr_verify: if a recipient of this site and "
               "another has no mailbox here, Exim accepts the mail and bounces "
               "it later");
}

void
look_at_callouts(struct exim *exim)
{
    if (acl_asks(exim, "acl_smtp_rcpt", "verify = recipient/callout"))
        return;
    for (unsigned i = 0; i < exim->mta->config->domain_count; i++) {
        if (sends_unknown(exim->mta, i))
            report_unverified(
                exim->mta, "callout",
                "use verify = recipient/callout in the ACL for RCPT, see "
                "chapter 3, Unknown recipients are verified",
                i);
    }
}
