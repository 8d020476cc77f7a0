/* exim_addresses.c - sdrctl check mta: rewriting and routing in Exim
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/exim.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- addresses: rewriting ---- */

/* Returns the address that the rewrite rules make of MAILBOX in PLACE, as Exim
 * names it: "env-to: ", or "SMTP: " for the address as the client sends it.
 * NULL if the domain does not change. */
static const char *
rewrite(struct exim *exim, const char *mailbox, const char *place)
{
    const char *domain = strrchr(mailbox, '@');
    size_t len = strlen(place);

    for (const char *line = ask_exim(exim, "-brw", mailbox)->text;
         *line != '\0'; line += strlen(line) + 1) {
        const char *start = line + strspn(line, " ");
        const char *at = strrchr(line, '@');

        if (strncmp(start, place, len) == 0
            && (at == NULL || strcasecmp(at, domain) != 0))
            return start + len;
    }
    return NULL;
}

/* Returns the rewritten recipient of an SMTP client, or NULL. A rule may apply
 * to SMTP only or to every recipient. */
static const char *
rewrite_recipient(struct exim *exim, const char *mailbox)
{
    const char *result = rewrite(exim, mailbox, "SMTP: ");

    return result != NULL ? result : rewrite(exim, mailbox, "env-to: ");
}

/* Check how an address of this site is rewritten. One split domain may be
 * rewritten to another. This site's routing domain must not be: other sites
 * send routed mail there, and it would be routed again. */
static void
look_at_own(struct exim *exim, const char *mailbox)
{
    const char *result = rewrite_recipient(exim, mailbox);
    const struct sdr_name *name = name_of(exim->mta, mailbox), *made;
    char advice[VALUE_SIZE];

    if (result == NULL)
        return;
    made = name_of(exim->mta, result);
    snprintf(advice, sizeof advice, "add this rule before it: *%s $0 q",
             strrchr(mailbox, '@'));
    if (name->kind == SDR_NAME_ROUTING)
        report(
            exim->mta, CHECK_WRONG, "rewrite", advice,
            "a rewriting rule changes %s to %s before the router %s sees it: "
            "mail that another site has sent here is not routed, or is routed "
            "again, and then the sites can send copies to each other forever",
            mailbox, result, exim->name);
    else if (made == NULL || made->kind != SDR_NAME_SPLIT)
        report(exim->mta, CHECK_WRONG, "rewrite",
               "exclude this domain from the rule; exim -brw shows its effect",
               "a rewriting rule changes %s to %s before the router %s sees "
               "it: %s",
               mailbox, result, exim->name,
               is_own(exim->mta, result)
                   ? "the other sites get no copies"
                   : "mail for this domain is not routed");
}

/* ---- addresses: routing ---- */

static const char correct_router[] =
    "run exim -bt with this address, and correct the router that it shows";

/* Check that mail for another site leaves this host. Routers may add copies, so
 * only the lines of the address itself count, and only if they name a host. */
static void
look_at_delivery(struct exim *exim, const char *mailbox, const char *site)
{
    const struct reply *reply = ask_exim(exim, "-bt", mailbox);
    bool routed = false, host = false, redirected = false, ours = false;
    const char *why = mailbox;

    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        const char *found = strstr(line, " is undeliverable: ");

        if (line[0] != ' ')
            ours = strcmp(line, mailbox) == 0;
        routed |= ours && strncmp(line, "  router = ", 11) == 0;
        host |= ours && strncmp(line, "  host ", 7) == 0;
        redirected |= strncmp(line, "    <-- ", 8) == 0;
        why = found != NULL ? found + 19 : why;
    }
    if (routed && !host)
        report(exim->mta, CHECK_WRONG, "routers", correct_router,
               "a router delivers mail for %s on this host: mail for site %s "
               "stays here",
               mailbox, site);
    else if (!routed && redirected)
        report(exim->mta, CHECK_WRONG, "routers", correct_router,
               "a router changes %s to another address: mail for site %s does "
               "not get there",
               mailbox, site);
    else if (!routed && reply->code == 2)
        report(exim->mta, CHECK_WRONG, "routers", correct_router,
               "%s is undeliverable: %s: mail for site %s is returned", mailbox,
               why, site);
    else if (!routed)
        report(exim->mta, CHECK_UNREACHABLE, "routers",
               "exim -bt shows the error",
               "Exim cannot find out now where mail for %s goes", mailbox);
}

static void
look_at_foreign(struct exim *exim, const char *mailbox, const char *site)
{
    const char *result = rewrite(exim, mailbox, "env-to: ");

    if (result == NULL)
        look_at_delivery(exim, mailbox, site);
    else if (!has_router_flag(exim->routers[exim->index], "no_rewrite"))
        report(exim->mta, CHECK_WRONG, exim->name, exim_examples,
               "a rewriting rule changes %s to %s: mail for site %s does not "
               "get there",
               mailbox, result, site);
}

/* Report an earlier router that accepts a recipient which sdr rejects or
 * defers. */
static void
look_at_nobody(struct exim *exim, const char *mailbox)
{
    struct sdr_verdict verdict;

    sdr_decide(exim->mta->check->sdr, mailbox, NULL, &verdict);
    if ((verdict.kind == SDR_REJECT || verdict.kind == SDR_DEFER)
        && ask_exim(exim, "-bt", mailbox)->code == 0)
        report(exim->mta, CHECK_DOUBTFUL, "routers",
               "exim -bt shows the router: move it behind sdr_here, or limit "
               "it to addresses that are not in the directory",
               "a router before %s takes mail for %s, an invented address: it "
               "may take all mail for the domain",
               exim->name, mailbox);
}

/* Exim changes user%other@example.com to user@other before any router runs. */
static void
look_at_percent_hack(struct exim *exim, const char *domain)
{
    static const char hack[] = "percent_hack_domains";
    const char *domains = get_main_option(exim, hack);

    if (domains[0] != '\0' && is_in_domain_list(exim, domain, domains) == YES)
        report(exim->mta, CHECK_DOUBTFUL, hack, "remove it",
               "%s is listed: Exim sends mail for a local part with %% to "
               "another domain before it asks sdr",
               domain);
}

void
look_at_addresses(void *arg, const char *domain, const char *site)
{
    struct exim *exim = arg;
    char mailbox[SDR_ADDRESS_MAX + 1];

    snprintf(mailbox, sizeof mailbox, PROBE "@%s", domain);
    if (site != NULL) {
        look_at_foreign(exim, mailbox, site);
        return;
    }
    look_at_own(exim, mailbox);
    if (name_of(exim->mta, domain)->kind == SDR_NAME_SPLIT) {
        look_at_percent_hack(exim, domain);
        look_at_nobody(exim, mailbox);
    }
}
