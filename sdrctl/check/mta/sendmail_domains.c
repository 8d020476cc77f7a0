/* sendmail_domains.c - sdrctl check mta: which mail Sendmail accepts
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/sendmail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- queries ---- */

/* Returns the result of rule set Rcpt_ok for mail from outside: 'R' relayed,
 * 'O' local, 'N' not accepted, '?' no such rule set. */
static char
get_rcpt_ok(const struct sendmail *sm, const char *domain)
{
    static const char returns[] = "Rcpt_ok          returns: ";
    const struct reply *reply;
    char input[SDR_ADDRESS_MAX + 80], result = '?';

    snprintf(input, sizeof input, "Rcpt_ok <" PROBE "@%s>\n", domain);
    reply = ask_sendmail(sm, input, "-bt", NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        const char *found = strstr(line, returns);

        if (found == NULL)
            continue;
        found += strlen(returns);
        result = strcmp(found, "RELAY") == 0 ? 'R'
                 : strcmp(found, "OK") == 0  ? 'O'
                                             : 'N';
    }
    return result;
}

/* True if rule set parse gives mail for a domain to the mailer "local", whether
 * or not the user exists. */
static bool
is_delivered_here(const struct sendmail *sm, const char *domain)
{
    char input[SDR_ADDRESS_MAX + 80];

    snprintf(input, sizeof input, "3,0 " PROBE "@%s\n", domain);
    return has_text(ask_sendmail(sm, input, "-bt", NULL), "returns: $# local");
}

/* Copy the text between NAME and the next comma or the end, without a final
 * dot. */
static void
copy_field(const char *line, const char *name, char *out, size_t size)
{
    const char *found = strstr(line, name);
    size_t len;

    found = found == NULL ? "" : found + strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(found, ","), found);
    len = strlen(out);
    if (len > 0 && out[len - 1] == '.')
        out[len - 1] = '\0';
}

/* "ADDRESS... deliverable: mailer M, host H, user U" */
struct delivery {
    char mailer[64], host[256], user[600];
};

/* Run -bv. Returns false if the address is not deliverable. */
static bool
find_delivery(const struct sendmail *sm, const char *address,
              struct delivery *delivery)
{
    const struct reply *reply = ask_sendmail(sm, NULL, "-bv", address);

    for (const char *line = NULL;
         reply->code == 0 && (line = next_line(reply, line)) != NULL;) {
        if (strstr(line, "... deliverable: mailer ") == NULL)
            continue;
        copy_field(line, ": mailer ", delivery->mailer,
                   sizeof delivery->mailer);
        copy_field(line, ", host ", delivery->host, sizeof delivery->host);
        copy_field(line, ", user ", delivery->user, sizeof delivery->user);
        return true;
    }
    return false;
}

/* ---- findings ---- */

static void
look_at_own(struct sendmail *sm, const char *domain)
{
    bool local = is_in_class(sm, "w", domain);

    if (!local && get_rcpt_ok(sm, domain) == 'N')
        report(sm->mta, CHECK_WRONG, "relay-domains",
               "add RELAY_DOMAIN, or LOCAL_DOMAIN if its mailboxes are on this "
               "host",
               "Sendmail does not accept mail for %s from outside", domain);
    if (sm->routed) /* sdr's rules come before all these */
        return;
    if (local)
        report(
            sm->mta, CHECK_DOUBTFUL, "local-host-names",
            "use RELAY_DOMAIN instead, and a mailertable that names the host "
            "with the mailboxes; or make sure that every recipient has an "
            "alias",
            "%s is listed: Sendmail rejects recipients without an account or "
            "alias here, also those at other sites, before it asks sdr-milter",
            domain);
    if (is_in_class(sm, "LDAPRoute", domain))
        report(sm->mta, CHECK_WRONG, "ldap_routing",
               "remove it from LDAPROUTE_DOMAIN",
               "%s: sdr-milter does not route the recipients that ldap_routing "
               "maps",
               domain);
}

/* Check where mail for an invented recipient in a split domain goes. The milter
 * leaves alone the recipients that Sendmail maps, so the address must not
 * change. With the tables such a recipient is unknown and may be sent to
 * another site; postmaster, which is always local, is tested then. */
static void
look_at_split(struct sendmail *sm, const char *domain)
{
    char address[SDR_ADDRESS_MAX + 1], local[SDR_ADDRESS_MAX + 1];
    struct delivery delivery = {"", "", ""};

    snprintf(address, sizeof address, PROBE "@%s", domain);
    snprintf(local, sizeof local, "postmaster@%s", domain);
    if (!find_delivery(sm, address, &delivery)
        || is_foreign(sm->mta, delivery.user)) {
        (void)find_delivery(sm, local, &delivery);
    } else if (strcmp(delivery.mailer, "local") != 0
               && strcmp(delivery.user, address) != 0 && !sm->routed) {
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "remove the domain from domaintable, virtusertable, "
               "ldap_routing and the like",
               "Sendmail changes %s to %s: sdr-milter does not route "
               "recipients that Sendmail maps",
               address, delivery.user);
    }
    if (is_foreign(sm->mta, delivery.user))
        return;
    if (strcasecmp(delivery.host, domain) == 0)
        report_loops_back(sm->mta, "mailertable", domain);
    snprintf(sm->store, sizeof sm->store, "%s", delivery.host);
}

/* Check this site's routing domain. If the mailboxes of the split domain are on
 * another host, Sendmail must not deliver mail for the routing domain itself,
 * because the milter leaves alone the recipients that it maps to accounts. */
static void
look_at_routing(struct sendmail *sm, const char *domain)
{
    if (!sm->routed && sm->store[0] != '\0' && is_delivered_here(sm, domain))
        report(sm->mta, CHECK_WRONG, "sendmail -bt",
               "use RELAY_DOMAIN, and remove the domain from local-host-names "
               "and the like, and FEATURE(`bestmx_is_local')",
               "mail for %s goes to accounts of this host, but the mailboxes "
               "are on %s",
               domain, sm->store);
}

/* Check that recipients at another site are sent there, with the same address.
 */
static void
look_at_foreign(struct sendmail *sm, const char *domain, const char *site)
{
    char address[SDR_ADDRESS_MAX + 1];
    struct delivery delivery;

    if (is_in_class(sm, "w", domain))
        report_kept(sm->mta, "local-host-names", domain, site);
    else if (get_rcpt_ok(sm, domain) == 'R')
        report_relayed(sm->mta, "relay-domains",
                       "add FEATURE(`relay_hosts_only'), and remove the domain "
                       "if it is listed: sdr does not need it",
                       domain, site);
    snprintf(address, sizeof address, PROBE "@%s", domain);
    if (!find_delivery(sm, address, &delivery))
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "run sendmail -bv, and correct virtusertable, mailertable or "
               "access",
               "Sendmail cannot deliver mail for %s, at site %s", address,
               site);
    else if (strcmp(delivery.user, address) != 0)
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "remove the domain from domaintable, virtusertable, "
               "local-host-names and the like",
               "Sendmail changes %s to %s: mail for site %s does not get there",
               address, delivery.user, site);
    else if (sm->store[0] != '\0' && strcmp(delivery.host, sm->store) == 0
             && find_cf_line(sm, NULL, "DS") != NULL
             && find_cf_line(sm, NULL, "DS")[2] == '\0')
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "remove the mailertable entry that matches this domain, such as "
               "one for its parent with a leading dot",
               "mail for %s goes to %s, like mail that stays here: mail for "
               "site %s does not get there",
               address, delivery.host, site);
}

void
look_at_sendmail_domain(void *arg, const char *domain, const char *site)
{
    struct sendmail *sm = arg;

    if (site != NULL) {
        look_at_foreign(sm, domain, site);
        return;
    }
    look_at_own(sm, domain);
    if (name_of(sm->mta, domain)->kind == SDR_NAME_SPLIT)
        look_at_split(sm, domain);
    else
        look_at_routing(sm, domain);
}
