/* postfix_unknown.c - sdrctl check mta: does Postfix reject unknown recipients?
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * With the lookup tables, Postfix rejects unknown recipients, and it accepts
 * every recipient that is in any table that smtpd(8) queries. A milter rejects
 * them whatever Postfix's tables say, but only in the domains of sdr.conf.
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOUNCES                                                                \
    "Postfix accepts mail for unknown recipients%s and bounces it later, "     \
    "also to forged senders"

static bool
refuses_any(const struct mta *mta)
{
    for (unsigned i = 0; i < mta->config->domain_count; i++) {
        if (rejects_unknown(mta, mta->config->domains[i].ascii))
            return true;
    }
    return false;
}

/* ---- services ---- */

/* True if the last restriction of a parameter rejects all clients that the
 * others do not permit, as in permit_sasl_authenticated, reject. */
static bool
is_closed(const struct postfix *p, const struct service *service)
{
    static const char *const parameters[] = {"smtpd_client_restrictions",
                                             "smtpd_relay_restrictions",
                                             "smtpd_recipient_restrictions"};

    for (unsigned i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const char *list = get(p, service, parameters[i]);
        char word[VALUE_SIZE] = "";

        while (next_word(&list, word, sizeof word))
            continue;
        if (strcmp(word, "reject") == 0)
            return true;
    }
    return false;
}

static bool
restricts(const struct postfix *p, const struct service *service,
          const char *restriction)
{
    return has_word(get(p, service, "smtpd_recipient_restrictions"),
                    restriction)
           || has_word(get(p, service, "smtpd_relay_restrictions"),
                       restriction);
}

/* Returns the parameter by which a service accepts unknown recipients, or NULL.
 */
static const char *
accepts_by(const struct postfix *p, const struct service *service)
{
    static const char unlisted[] = "smtpd_reject_unlisted_recipient";
    static const char options[] = "receive_override_options";

    if (restricts(p, service, "reject_unverified_recipient"))
        return NULL;
    if (strstr(get(p, service, options), "no_unknown_recipient_checks") != NULL)
        return options;
    return strcmp(get(p, service, unlisted), "no") == 0
                   && !restricts(p, service, "reject_unlisted_recipient")
               ? unlisted
               : NULL;
}

static void
look_at_service(struct postfix *p, const struct service *service)
{
    const char *parameter = accepts_by(p, service);

    if (parameter != NULL && service->turn != AFTER && !is_loopback(p, service)
        && !is_closed(p, service))
        report(p->mta, CHECK_WRONG, parameter,
               "remove this value; or add reject_unlisted_recipient to "
               "smtpd_recipient_restrictions of that service",
               "%s: " BOUNCES, service->name, "");
}

/* ---- tables ---- */

/* Report a table other than sdr-milter's that knows an invented recipient. If
 * it sends his mail to another address, that is a catch-all. */
static void
look_at_table(struct postfix *p, const char *parameter, const char *domain,
              bool routes)
{
    char address[SDR_ADDRESS_MAX + 1], value[VALUE_SIZE], where[300];

    snprintf(address, sizeof address, PROBE "@%s", domain);
    snprintf(where, sizeof where, " in %.255s", domain);
    if (query_address(p, parameter, get(p, NULL, parameter), address, value)
            != YES
        || (routes && value[0] != '@'
            && strncasecmp(value, PROBE "@", sizeof PROBE) != 0)
        || is_foreign(p->mta, value))
        return;
    report(p->mta, CHECK_WRONG, parameter,
           "remove the entry or the table that matches every address in the "
           "domain",
           "%s is found (%s): " BOUNCES, address, value, where);
}

static void
look_at_domain(void *arg, const char *domain, const char *site)
{
    struct postfix *p = arg;
    enum address_class kind;

    if (site != NULL || !rejects_unknown(p->mta, domain))
        return;
    kind = find_class(p, domain);
    if (kind < CLASS_COUNT && kind != ALIAS)
        look_at_table(p, address_classes[kind].recipients, domain, false);
    if (name_of(p->mta, domain)->kind == SDR_NAME_SPLIT)
        look_at_table(p, "virtual_alias_maps", domain, true);
}

/* ---- domains that an entry such as "@example.org @example.com" maps ---- */

static const struct {
    const char *maps, *classes;
} mappings[] = {
    {"virtual_alias_maps", NULL},
    {"canonical_maps", "canonical_classes"},
    {"recipient_canonical_maps", NULL},
};
enum { MAPPING_COUNT = sizeof mappings / sizeof mappings[0] };

/* Report that a table maps all addresses of a domain to a domain of this site.
 * Returns true after a finding. */
static bool
look_at_mapped(struct postfix *p, const char *parameter, const char *domain)
{
    char address[VALUE_SIZE], value[VALUE_SIZE], mapped[VALUE_SIZE];

    snprintf(address, sizeof address, PROBE "@%.1000s", domain);
    if (name_of(p->mta, domain) != NULL
        || query_address(p, parameter, get(p, NULL, parameter), address, value)
               != YES)
        return false;
    snprintf(mapped, sizeof mapped, "%s%.1000s", value[0] == '@' ? PROBE : "",
             value);
    if (strncasecmp(mapped, PROBE "@", sizeof PROBE) != 0
        || !rejects_unknown(p->mta, mapped))
        return false;
    report(p->mta, CHECK_WRONG, parameter,
           "add the domain to sdr.conf, with alias-of, and to Postfix where "
           "the split domain is, and remove the entry",
           "it maps %s to %s: %s" BOUNCES, address, mapped,
           p->mta->tables ? ""
                          : "sdr-milter does not route mail for recipients in "
                            "this domain; ",
           "");
    return true;
}

/* Look up the domains that the address classes list. */
static bool
look_at_listed(struct postfix *p, const char *parameter)
{
    char word[VALUE_SIZE];

    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        const char *list = get(p, NULL, address_classes[i].domains);

        while (next_word(&list, word, sizeof word)) {
            if (strpbrk(word, ":/") == NULL
                && look_at_mapped(p, parameter, word))
                return true;
        }
    }
    return false;
}

static void
look_at_mappings(struct postfix *p, const char *parameter)
{
    struct entries entries = {.list = get(p, NULL, parameter)};

    if (entries.list[0] == '\0' || look_at_listed(p, parameter))
        return;
    while (next_entry(p, &entries)) {
        if (entries.key[0] == '@'
            && look_at_mapped(p, parameter, entries.key + 1))
            return;
    }
}

void
look_at_unknown(struct postfix *p)
{
    for (unsigned i = 0; i < MAPPING_COUNT; i++) {
        if (mappings[i].classes == NULL
            || has_word(get(p, NULL, mappings[i].classes),
                        "envelope_recipient"))
            look_at_mappings(p, mappings[i].maps);
    }
    if (!p->routed || !refuses_any(p->mta))
        return;
    for (const struct service *s = NULL;
         (s = next_service(p, s, "smtpd")) != NULL;)
        look_at_service(p, s);
    for_each_domain(p->mta->config, look_at_domain, p);
}
