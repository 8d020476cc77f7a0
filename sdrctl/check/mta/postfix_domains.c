/* postfix_domains.c - sdrctl check mta: which mail Postfix accepts
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/postfix.h"

#include <string.h>

static const char transport_maps[] = "transport_maps";

/* ---- domains of this site ---- */

static bool
refuses_unlisted(const struct postfix *p)
{
    return strcmp(get(p, NULL, "smtpd_reject_unlisted_recipient"), "no") != 0;
}

/* Check the recipient table of the domain's class. smtpd(8) accepts recipients
 * found in virtual_alias_maps. So the table "route" there is enough for
 * recipients at other sites, unless they keep their address (delivery = route).
 */
static void
look_at_recipients(struct postfix *p, const char *domain, const char *parameter)
{
    const char *list = get(p, NULL, parameter);
    bool refuses = list[0] != '\0' && refuses_unlisted(p);
    struct tables tables;

    read_tables(p, parameter, list, &tables);
    if (tables.ours)
        return;
    if (p->routed && list[0] == '\0')
        report(p->mta,
               rejects_unknown(p->mta, domain) ? CHECK_WRONG : CHECK_DOUBTFUL,
               parameter, "add sdr-milter's table \"recipient\"",
               "Postfix accepts mail for unknown recipients in %s and bounces "
               "it later, also to forged senders",
               domain);
    else if (refuses && (!p->routed || sdr_config_has_next_hop(p->mta->config)))
        report(p->mta, CHECK_DOUBTFUL, parameter,
               "set it to nothing, because sdr-milter rejects unknown "
               "recipients; or make sure that it has all recipients",
               "%s: Postfix rejects recipients in %s that are not in this "
               "list, also those at other sites, before it asks sdr-milter",
               list, domain);
}

/* A recipient that stays here keeps its address. By MX, its mail would return
 * to this host. */
static void
look_at_way_out(struct postfix *p, const char *domain)
{
    struct tables tables;

    read_tables(p, transport_maps, get(p, NULL, transport_maps), &tables);
    if (name_of(p->mta, domain)->kind == SDR_NAME_SPLIT && !tables.others
        && get(p, NULL, "relayhost")[0] == '\0'
        && strchr(get(p, NULL, "relay_transport"), ':') == NULL)
        report_loops_back(p->mta, transport_maps, domain);
}

/* A domain in two classes is delivered by the first one. */
static void
look_at_other_class(struct postfix *p, const char *domain,
                    enum address_class kind)
{
    enum address_class other = find_other_class(p, domain, kind);

    if (other != NO_CLASS)
        report(p->mta, CHECK_WRONG, address_classes[other].domains,
               "list it in one of them only, depending on where its mailboxes "
               "are",
               "%s is listed, but also in %s, which takes precedence: Postfix "
               "delivers mail that stays here by %s, and looks up recipients "
               "in %s",
               domain, address_classes[kind].domains,
               address_classes[kind].transport,
               address_classes[kind].recipients);
}

static void
look_at_own(struct postfix *p, const char *domain)
{
    enum address_class kind = find_class(p, domain);

    if (kind == NO_CLASS)
        report(p->mta, CHECK_WRONG, "relay_domains",
               "add it to relay_domains, mydestination or "
               "virtual_mailbox_domains, depending on where its mailboxes are",
               "Postfix does not accept mail for %s from outside", domain);
    else if (kind == ALIAS)
        report(p->mta, CHECK_WRONG, "virtual_alias_domains",
               "move it to the address class of its mailboxes, such as "
               "relay_domains",
               "%s is listed: Postfix rejects recipients that stay here, "
               "unless virtual_alias_maps sends their mail to another domain%s",
               domain,
               p->routed ? "" : "; it also rejects recipients at other sites");
    else if (kind < CLASS_COUNT)
        look_at_recipients(p, domain, address_classes[kind].recipients);
    if (kind == RELAY)
        look_at_way_out(p, domain);
    if (kind < CLASS_COUNT)
        look_at_other_class(p, domain, kind);
}

/* sdr-milter's table of recipients is queried for all domains of the class,
 * including domains that are not split. */
static void
look_at_strangers(struct postfix *p, const char *domains,
                  const char *recipients)
{
    const char *list = get(p, NULL, domains);
    struct tables tables;
    char word[512];

    read_tables(p, recipients, get(p, NULL, recipients), &tables);
    if (!tables.ours || tables.others || !refuses_unlisted(p))
        return;
    while (next_word(&list, word, sizeof word)) {
        if (strpbrk(word, ":/") != NULL || is_own(p->mta, word))
            continue;
        report(p->mta, CHECK_WRONG, recipients,
               "add a table with the recipients of that domain",
               "only sdr-milter's table is listed, but %s contains %s, which "
               "is not a split domain: Postfix rejects all recipients in it",
               domains, word);
        return;
    }
}

/* ---- domains of other sites ---- */

static void
look_at_foreign(struct postfix *p, const char *domain, const char *site)
{
    enum address_class kind = find_class(p, domain);

    if (kind == RELAY)
        report_relayed(p->mta, "relay_domains",
                       "remove it: sdr does not need it", domain, site);
    else if (kind < CLASS_COUNT)
        report_kept(p->mta, address_classes[kind].domains, domain, site);
    else if (relays_below(p, domain))
        report(p->mta, CHECK_DOUBTFUL, "parent_domain_matches_subdomains",
               "remove relay_domains from it",
               "relay_domains matches subdomains too: any client may relay "
               "mail through this host to %s, the routing domain of site %s",
               domain, site);
}

static void
look_at_domain(void *arg, const char *domain, const char *site)
{
    if (site == NULL)
        look_at_own(arg, domain);
    else
        look_at_foreign(arg, domain, site);
}

void
look_at_domains(struct postfix *p)
{
    const char *ours = p->mta->config->recipient_delimiter;
    const char *theirs = get(p, NULL, "recipient_delimiter");

    for_each_domain(p->mta->config, look_at_domain, p);
    for (int i = 0; i < CLASS_COUNT; i++) {
        if (i != ALIAS)
            look_at_strangers(p, address_classes[i].domains,
                              address_classes[i].recipients);
    }
    if (strcmp(ours, theirs) != 0)
        report(p->mta, CHECK_DOUBTFUL, "recipient_delimiter",
               "use the same value in both files",
               "\"%s\", but recipient-delimiter in sdr.conf is \"%s\": Postfix "
               "and sdr look for different recipients if an address has an "
               "extension",
               theirs, ours);
}
