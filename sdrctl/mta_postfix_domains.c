/* mta_postfix_domains.c - sdrctl check mta: which mail Postfix takes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mta.h"
#include "mta_postfix.h"

struct visit {
    const struct check *check;
    const struct postconf *postconf;
    enum sdr_finding *worst;
    bool milter; /* sdr-milter is asked as a milter */
    bool routed; /* and by its lookup table */
};

/* Postfix's classes of addresses (ADDRESS_CLASS_README), and the tables of
 * those recipients that it takes mail for. */
static const struct {
    const char *domains, *recipients;
} classes[] = {
    {"mydestination", "local_recipient_maps"},
    {"relay_domains", "relay_recipient_maps"},
    {"virtual_mailbox_domains", "virtual_mailbox_maps"},
    {"virtual_alias_domains", "virtual_alias_maps"},
};
enum { CLASS_COUNT = sizeof classes / sizeof classes[0], RELAY = 1, ALIAS = 3 };

static const char *
get(const struct visit *visit, const char *name)
{
    return postconf_get(visit->postconf, NULL, name);
}

static void
get_tables(const struct visit *visit, const char *name, struct tables *tables)
{
    read_tables(visit->check, visit->postconf, name, tables);
}

/* Whether DOMAIN is in the list that a parameter is. Our own tables, which
 * virtual_alias_domains gets from virtual_alias_maps, hold no domain. */
static enum answer
has_domain(const struct visit *visit, const char *name, const char *domain)
{
    enum answer answer = list_has_domain(get(visit, name), domain);
    struct tables tables;

    get_tables(visit, name, &tables);
    return answer == PERHAPS && !tables.others ? NO : answer;
}

/* The class that a domain is in; -1 for none, -2 if a table may have it. */
static int
class_of(const struct visit *visit, const char *domain)
{
    int class = -1;

    for (int i = 0; i < CLASS_COUNT; i++) {
        switch (has_domain(visit, classes[i].domains, domain)) {
        case YES:
            return i;
        case PERHAPS:
            class = -2;
            break;
        case NO:
            break;
        }
    }
    return class;
}

/* ---- domains that are ours ---- */

static bool
refuses_unlisted(const struct visit *visit)
{
    return strcmp(get(visit, "smtpd_reject_unlisted_recipient"), "no") != 0;
}

/* Nobody but Postfix's own tables, if there are any, refuses who is unknown. */
static void
look_at_unknown(const struct visit *visit, const char *domain, int class)
{
    const char *parameter = classes[class].recipients;

    if (get(visit, parameter)[0] == '\0' || !refuses_unlisted(visit))
        tell_finding(visit->worst, SDR_DOUBTFUL, parameter,
                     "add the table \"recipient\" of sdr-milter",
                     "Postfix takes mail for unknown recipients in %s, and "
                     "bounces it later to senders who may be forged",
                     domain);
}

/* smtpd(8) takes whom virtual_alias_maps has, so that our table "route" there
 * is enough for people of other sites, unless they keep their address. */
static void
look_at_recipients(const struct visit *visit, const char *domain, int class)
{
    const char *table = get(visit, classes[class].recipients);
    struct tables tables;

    get_tables(visit, classes[class].recipients, &tables);
    if (tables.ours)
        return;
    if (visit->routed && !visit->milter)
        look_at_unknown(visit, domain, class);
    if (table[0] == '\0' || !refuses_unlisted(visit)
        || (visit->routed && !has_next_hop(visit->check->config)))
        return;
    tell_finding(visit->worst, SDR_DOUBTFUL, classes[class].recipients,
                 "leave it empty: sdr-milter refuses who is unknown; or see "
                 "that it has everybody",
                 "%s: Postfix refuses recipients in %s that it does not have, "
                 "those of other sites too, before it asks sdr-milter",
                 table, domain);
}

/* What stays keeps its address, and goes where its domain's MX leads: here. */
static void
look_at_way_out(const struct visit *visit, const char *domain)
{
    struct tables tables;

    get_tables(visit, "transport_maps", &tables);
    if (!tables.others && get(visit, "relayhost")[0] == '\0'
        && strchr(get(visit, "relay_transport"), ':') == NULL)
        tell_finding(
            visit->worst, SDR_WRONG, "transport_maps",
            "name the host that has the mailboxes in transport_maps",
            "mail for %s that stays here goes to its MX: it loops back",
            domain);
}

static void
look_at_own(const struct visit *visit, const char *domain)
{
    int class = class_of(visit, domain);

    if (class == -1)
        tell_finding(visit->worst, SDR_WRONG, "relay_domains",
                     "add it there, or to mydestination or "
                     "virtual_mailbox_domains, by where the mailboxes are",
                     "Postfix takes no mail for %s from outside", domain);
    else if (class == ALIAS && visit->routed)
        tell_finding(visit->worst, SDR_DOUBTFUL, "virtual_alias_domains",
                     "put it into the class where the mailboxes are: "
                     "relay_domains, for instance",
                     "%s is among them: Postfix refuses who stays here, unless "
                     "a table leads him to another domain",
                     domain);
    else if (class >= 0)
        look_at_recipients(visit, domain, class);
}

/* The word of a list of domains is no domain whose recipients sdr knows. */
static bool
is_strange(const struct visit *visit, const char *word)
{
    const struct sdr_config *config = visit->check->config;
    const struct sdr_name *name = NULL;
    struct sdr_address address;
    char text[600];

    if (strpbrk(word, ":/") != NULL)
        return false;
    snprintf(text, sizeof text, "postmaster@%s", word);
    if (sdr_address_parse(&address, text) == SDR_OK)
        name = sdr_config_name(config, address.domain);
    return name == NULL
           || (name->kind != SDR_NAME_SPLIT
               && (name->kind != SDR_NAME_ROUTING
                   || name->site != config->this_site));
}

/* Our table of recipients is asked about all domains of its class. */
static void
look_at_strangers(const struct visit *visit, int class)
{
    const char *list = get(visit, classes[class].domains);
    struct tables tables;
    char word[512];

    get_tables(visit, classes[class].recipients, &tables);
    if (!tables.ours || tables.others || !refuses_unlisted(visit))
        return;
    while (next_word(&list, word, sizeof word)) {
        if (!is_strange(visit, word))
            continue;
        tell_finding(visit->worst, SDR_WRONG, classes[class].recipients,
                     "list the table of their recipients there as well",
                     "only sdr-milter is asked, but %s has %s, which is not "
                     "split: Postfix refuses all recipients in it",
                     classes[class].domains, word);
        return;
    }
}

/* ---- domains of other sites ---- */

/* Whether relay_domains names a domain above, and that counts. */
static bool
has_parent(const struct visit *visit, const char *domain)
{
    const char *list = get(visit, "relay_domains");
    char word[512];

    if (!has_word(get(visit, "parent_domain_matches_subdomains"),
                  "relay_domains"))
        return false;
    while (next_word(&list, word, sizeof word)) {
        if (is_below(domain, word))
            return true;
    }
    return false;
}

static void
look_at_foreign(const struct visit *visit, const char *domain, const char *site)
{
    int class = class_of(visit, domain);

    if (class == RELAY)
        tell_finding(visit->worst, SDR_DOUBTFUL, "relay_domains",
                     "take it out: sdr-milter's recipients need it not",
                     "%s, of the site %s, is among them: anybody may relay "
                     "there through this host",
                     domain, site);
    else if (class >= 0)
        tell_finding(visit->worst, SDR_WRONG, classes[class].domains,
                     "take it out",
                     "%s, of the site %s, is among them: mail for the site "
                     "stays here",
                     domain, site);
    else if (has_parent(visit, domain))
        tell_finding(visit->worst, SDR_DOUBTFUL,
                     "parent_domain_matches_subdomains",
                     "parent_domain_matches_subdomains = (nothing), or without "
                     "relay_domains",
                     "relay_domains counts for subdomains too: anybody may "
                     "relay to %s, of the site %s, through this host",
                     domain, site);
}

static void
look_at_domain(const struct visit *visit, unsigned index)
{
    const struct sdr_config *config = visit->check->config;
    const struct sdr_domain *domain = &config->domains[index];

    look_at_own(visit, domain->ascii);
    if (class_of(visit, domain->ascii) == RELAY)
        look_at_way_out(visit, domain->ascii);
    if (domain->canonical != index)
        return;
    for (unsigned i = 0; i < config->site_count; i++) {
        if (i == config->this_site)
            look_at_own(visit, domain->routing[i]);
        else if (config->sites[i].delivery == SDR_REWRITE)
            look_at_foreign(visit, domain->routing[i], config->sites[i].name);
    }
}

/* ---- what a milter does not see ---- */

static const char ask_tables[] =
    "let virtual_alias_maps ask the lookup tables, see sdr-milter(8); or write "
    "members at other sites with the routing domain of their site";

static void
look_at_aliases(const struct visit *visit)
{
    const struct sdr_config *config = visit->check->config;
    const char *local = get(visit, "mydestination");
    bool here = false;

    if (visit->routed)
        return;
    for (unsigned i = 0; i < config->domain_count; i++)
        here |= list_has_domain(local, config->domains[i].ascii) == YES;
    if (get(visit, "virtual_alias_maps")[0] != '\0')
        tell_finding(visit->worst, SDR_DOUBTFUL, "virtual_alias_maps",
                     ask_tables,
                     "%s: what an alias expands to is not shown to sdr-milter",
                     get(visit, "virtual_alias_maps"));
    if (here && get(visit, "alias_maps")[0] != '\0')
        tell_finding(visit->worst, SDR_DOUBTFUL, "alias_maps", ask_tables,
                     "%s: the members of an alias, and who a .forward leads "
                     "to, are not shown to sdr-milter",
                     get(visit, "alias_maps"));
}

static void
look_at_probes(const struct visit *visit)
{
    static const char *const lists[] = {
        "smtpd_client_restrictions", "smtpd_helo_restrictions",
        "smtpd_sender_restrictions", "smtpd_relay_restrictions",
        "smtpd_recipient_restrictions"};

    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (!visit->routed
            && has_word(get(visit, lists[i]), "reject_unverified_recipient"))
            tell_finding(visit->worst, SDR_DOUBTFUL, lists[i],
                         "take it out: sdr-milter refuses who is unknown",
                         "reject_unverified_recipient: its probes do not pass "
                         "sdr-milter, so that people of other sites may be "
                         "refused");
    }
}

static void
look_at_delimiter(const struct visit *visit)
{
    const char *ours = visit->check->config->recipient_delimiter;
    const char *theirs = get(visit, "recipient_delimiter");

    if (strcmp(ours, theirs) != 0)
        tell_finding(visit->worst, SDR_DOUBTFUL, "recipient_delimiter",
                     "write the same in both files",
                     "\"%s\", but recipient-delimiter in sdr.conf is \"%s\"",
                     theirs, ours);
}

void
look_at_postfix_domains(const struct check *check,
                        const struct postconf *postconf,
                        enum sdr_finding *worst, bool milter)
{
    const struct visit visit = {check, postconf, worst, milter,
                                is_routed_by_table(check, postconf)};

    for (unsigned i = 0; i < check->config->domain_count; i++)
        look_at_domain(&visit, i);
    for (int i = 0; i < ALIAS; i++)
        look_at_strangers(&visit, i);
    look_at_aliases(&visit);
    look_at_probes(&visit);
    look_at_delimiter(&visit);
}
