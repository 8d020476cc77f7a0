/* postfix_copies.c - sdrctl check mta: recipients that Postfix adds
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Milters do not see copies by BCC or the members of aliases. REDIRECT, in
 * access(5) tables and header_checks(5), sets the recipient after all tables
 * have been queried.
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char not_shown[] = "gets a copy that sdr-milter does not see";

/* Where the mailbox is, by the directory; NULL for another site. */
static const char *const today[] = {
    [SDR_PASS] = "here",     [SDR_REJECT] = "in no directory",
    [SDR_DEFER] = "unknown", [SDR_REDIRECT] = NULL,
    [SDR_COPY] = NULL,       [SDR_ROUTE] = NULL,
};

/* Report the first of these ADDRESSES that is in a split domain, because it is
 * not routed. HOW is "gets a copy that ...". Returns true if there is one. */
static bool
report_unrouted(struct postfix *p, const char *parameter, const char *addresses,
                const char *how)
{
    char word[VALUE_SIZE], whole[2 * VALUE_SIZE];

    while (next_word(&addresses, word, sizeof word)) {
        bool bare = strchr(word, '@') == NULL;
        const struct sdr_name *name;
        struct sdr_verdict verdict;
        const char *where;

        snprintf(whole, sizeof whole, "%s%s%s", word, bare ? "@" : "",
                 bare ? get_origin(p) : "");
        name = name_of(p->mta, whole);
        if (name == NULL || name->kind != SDR_NAME_SPLIT)
            continue;
        sdr_decide(p->mta->check->sdr, whole, NULL, &verdict);
        where = today[verdict.kind];
        report(p->mta, where != NULL ? CHECK_DOUBTFUL : CHECK_WRONG, parameter,
               "write the address with the routing domain of its site; or, for "
               "copies, set rewrite = tables in sdr.conf",
               "%s %s: the mail is delivered here, wherever the mailbox is "
               "(now %s)",
               whole, how, where != NULL ? where : "at another site");
        return true;
    }
    return false;
}

/* ---- BCC ---- */

/* Check the address that gets the copy, not the recipient it is looked up by.
 */
static void
look_at_bcc_maps(struct postfix *p, const char *parameter, const char *list)
{
    struct entries entries = {.list = list};
    struct probe probe = {0};
    char value[VALUE_SIZE];

    while (next_probe(p->mta, &probe)) {
        if (query_address(p, parameter, list, probe.own, value) == YES
            && report_unrouted(p, parameter, value, not_shown))
            return;
    }
    while (next_entry(p, &entries)) {
        if (report_unrouted(p, parameter, entries.value, not_shown))
            return;
    }
}

/* Check for settings that make the edits of a milter fail, and for recipients
 * that a milter does not see. */
static void
look_at_cleanup(struct postfix *p, const struct service *cleanup)
{
    static const char *const maps[] = {"recipient_bcc_maps", "sender_bcc_maps"};
    static const char original[] = "enable_original_recipient";

    if (is_new_value(p, cleanup, original)
        && strcmp(get(p, cleanup, original), "no") == 0)
        report(p->mta, CHECK_WRONG, original,
               "remove it (the default is yes), or set rewrite = tables in "
               "sdr.conf",
               "no: if anything else rewrites addresses, recipients that "
               "sdr-milter adds can get lost, and recipients that it deletes "
               "can stay");
    if (is_new_value(p, cleanup, "always_bcc"))
        report_unrouted(p, "always_bcc", get(p, cleanup, "always_bcc"),
                        not_shown);
    for (unsigned i = 0; i < 2; i++) {
        if (is_new_value(p, cleanup, maps[i]))
            look_at_bcc_maps(p, maps[i], get(p, cleanup, maps[i]));
    }
}

/* ---- actions ---- */

/* Report the recipient of REDIRECT, and of BCC if only a milter routes. */
static bool
look_at_action(struct postfix *p, const char *parameter, const char *action,
               const char *word, void *arg)
{
    bool redirect = strcasecmp(action, "REDIRECT") == 0;
    bool copy = strcasecmp(action, "BCC") == 0 && !p->mta->tables;

    (void)arg;
    return (redirect || copy)
           && report_unrouted(
               p, parameter, word,
               redirect ? "is the target of REDIRECT, which sdr does not route"
                        : not_shown);
}

/* Milters do not see address verification probes either. */
static void
look_at_parameter(struct postfix *p, const char *parameter, const char *value)
{
    static const char probes[] = "reject_unverified_recipient";

    if (!p->routed && has_word(value, probes))
        report(p->mta, CHECK_DOUBTFUL, parameter,
               "remove it: sdr-milter rejects unknown recipients",
               "%s: its probes do not pass through sdr-milter, so Postfix may "
               "reject recipients at other sites",
               probes);
    for_each_action(p, parameter, value, look_at_action, NULL);
    look_at_filters(p, parameter, value);
}

void
look_at_copies(struct postfix *p)
{
    struct checks checks = {0};

    for (const struct service *s = NULL;
         !p->mta->tables && (s = next_service(p, s, "cleanup")) != NULL;)
        look_at_cleanup(p, s);
    while (next_checks(p, &checks)) {
        const char *name = checks.parameter;

        for (const struct service *s = NULL;
             (s = next_service(p, s, checks.command)) != NULL;) {
            if (is_new_value(p, s, name))
                look_at_parameter(p, name, get(p, s, name));
        }
    }
}

/* ---- aliases ---- */

static void
look_at_members(struct postfix *p, const char *parameter, const char *advice,
                struct members *members)
{
    struct entries entries = {.list = get(p, NULL, parameter)};

    while (next_entry(p, &entries))
        count_members(p->mta, members, entries.key, entries.value);
    report_members(p->mta, parameter, advice, members);
}

/* Check for aliases that only Postfix knows. Those of alias_maps are in a split
 * domain if that is LOCAL. */
static void
look_at_strays(struct postfix *p, const char *parameter, const char *local)
{
    struct entries entries = {.list = get(p, NULL, parameter)};
    struct strays strays = {.local = local};

    while (next_entry(p, &entries))
        count_stray(p->mta, &strays, entries.key);
    report_strays(p->mta, parameter, &strays);
}

/* True if cleanup(8) passes bounces to sdr-milter
 * (internal_mail_filter_classes). */
static bool
shows_bounces(const struct postfix *p)
{
    const struct service *cleanup = next_service(p, NULL, "cleanup");

    return cleanup != NULL
           && has_word(get(p, cleanup, "internal_mail_filter_classes"),
                       "bounce")
           && asks_milter(p, cleanup, get(p, cleanup, "non_smtpd_milters"));
}

/* local(8) resubmits members in other domains to cleanup(8), which queries the
 * tables. */
void
look_at_aliases(struct postfix *p)
{
    const char *maps = "virtual_alias_maps", *list = get(p, NULL, maps);
    const char *local = find_local_domain(p), *origin = get_origin(p);
    struct members members = {
        .local = local != NULL ? local : origin,
        .domains = p->mta->tables ? get(p, NULL, "mydestination") : NULL};
    struct members virtuals = {.local = origin};
    struct tables tables;

    read_tables(p, maps, list, &tables);
    if (!p->mta->tables) {
        report_not_shown(p->mta, !shows_bounces(p));
        if (tables.others)
            report(p->mta, CHECK_DOUBTFUL, maps, route_members,
                   "%s: sdr-milter may reject aliases in split domains if they "
                   "are not in the directory",
                   list);
        look_at_members(p, maps, route_members, &virtuals);
    }
    look_at_members(p, "alias_maps",
                    p->mta->tables ? "move the lists to virtual_alias_maps, or "
                                     "the domain to virtual_mailbox_domains"
                                   : route_members,
                    &members);
    look_at_strays(p, maps, NULL);
    if (local != NULL)
        look_at_strays(p, "alias_maps", local);
}
