/* postfix_rewrites.c - sdrctl check mta: what else changes recipients
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ADDRESS_REWRITING_README: cleanup(8) applies canonical_maps,
 * masquerade_domains and virtual_alias_maps, trivial-rewrite(8) relocated_maps,
 * the SMTP client smtp_generic_maps. Each is queried for a test recipient, in
 * the split domain and as sdr rewrites it for another site.
 */
#include "check/mta/postfix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BY_MILTER = 1, BY_TABLES = 2, BOTH = 3 };

#define CANONICAL "canonical_maps recipient_canonical_maps"
#define CLEANUP   "canonical_maps recipient_canonical_maps masquerade_domains"

static const char generic[] = "smtp_generic_maps lmtp_generic_maps";

/* Harmful answers: CHANGES is a different address, MOVES a different domain,
 * LEAVES a domain that is not this site's, LEADS_AWAY the same local part at
 * another site, GATHERS a different local part, ANSWERS any answer. */
enum harm { CHANGES, MOVES, LEAVES, LEADS_AWAY, GATHERS, ANSWERS };

static const struct rule {
    const char *command, *parameters; /* parameters of this program */
    enum { TARGET, OWN, HERE } asked; /* see struct probe */
    enum harm harm;
    unsigned modes, listed; /* modes in which the rule applies, and in which
                               entries for single recipients are checked too */
    enum check_result result;
    const char *effect, *advice;
} rules[] = {
    {"cleanup", CLEANUP, TARGET, CHANGES, BY_MILTER, BY_MILTER, CHECK_WRONG,
     "Postfix changes the recipients that sdr-milter adds: mail for other "
     "sites stays here",
     "set rewrite = tables in sdr.conf, or exclude the routing domains of the "
     "sites from it"},
    {"cleanup", CLEANUP, OWN, LEAVES, BY_TABLES, BY_TABLES, CHECK_WRONG,
     "Postfix queries virtual_alias_maps after it: mail is not routed",
     "set rewrite = milter in sdr.conf, or move it to virtual_alias_maps, "
     "after sdr-milter's table"},
    {"cleanup", CLEANUP, HERE, MOVES, BY_TABLES, BY_TABLES, CHECK_WRONG,
     "mail that another site has sent here is routed again: the sites can send "
     "copies to each other forever, and unknown recipients are accepted",
     "exclude this site's routing domains from it"},
    {"cleanup", CANONICAL, OWN, LEADS_AWAY, BY_MILTER, BY_MILTER, CHECK_WRONG,
     "if the directory names another site, mail goes to the wrong site, or "
     "twice to a recipient with two mailboxes",
     "remove it: sdr does this"},
    {"non_smtpd", CANONICAL, OWN, CHANGES, BY_MILTER, BY_MILTER, CHECK_DOUBTFUL,
     "sdr-milter sees mail sent with sendmail(1) only after this change: "
     "recipients who have moved can get it twice, or in the old mailbox",
     "set rewrite = tables in sdr.conf, or use sender_canonical_maps instead"},
    {"cleanup", "virtual_alias_maps", TARGET, CHANGES, BOTH, BOTH, CHECK_WRONG,
     "mail for other sites stays here, or is deferred",
     "exclude the routing domains of the sites from it"},
    {"cleanup", "virtual_alias_maps", OWN, LEADS_AWAY, BOTH, BOTH, CHECK_WRONG,
     "if the directory names another site, mail goes to the wrong site, or "
     "twice to a recipient with two mailboxes",
     "remove it: sdr does this"},
    {"cleanup", "virtual_alias_maps", OWN, GATHERS, BOTH, 0, CHECK_DOUBTFUL,
     "this address gets the mail of all recipients who stay here and have no "
     "entry of their own",
     "move the catch-all to the directory, see sdr.conf(5)"},
    {"cleanup", "virtual_alias_maps", HERE, MOVES, BY_TABLES, 0, CHECK_WRONG,
     "Postfix accepts mail for unknown recipients in that domain and bounces "
     "it later",
     "exclude this site's routing domains from it"},
    {"trivial-rewrite", "relocated_maps", TARGET, ANSWERS, BOTH, BOTH,
     CHECK_WRONG, "Postfix returns mail for other sites (5.1.6)", "remove it"},
    {"trivial-rewrite", "relocated_maps", HERE, ANSWERS, BY_MILTER, 0,
     CHECK_WRONG,
     "Postfix returns mail that another site has sent here (5.1.6)",
     "remove it"},
    {"trivial-rewrite", "relocated_maps", OWN, ANSWERS, BOTH, BY_MILTER,
     CHECK_WRONG,
     "Postfix rejects the recipient (5.1.6) before it asks sdr-milter",
     "remove it: the directory says where the mailbox is"},
    {"smtp", generic, TARGET, CHANGES, BOTH, BOTH, CHECK_WRONG,
     "the other site gets the mail with an address that it sends back or does "
     "not know",
     "exclude the routing domains of the sites from it"},
};
enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

/* ---- answers ---- */

/* Complete an address: "dave" with myorigin, "@store.test" with the local part
 * of ADDRESS. */
static void
complete(const struct postfix *p, const char *word, const char *address,
         char whole[VALUE_SIZE])
{
    const char *at = strchr(word, '@');

    if (at == NULL)
        snprintf(whole, VALUE_SIZE, "%s@%s", word, get_origin(p));
    else if (at == word)
        snprintf(whole, VALUE_SIZE, "%.*s%s", (int)strcspn(address, "@"),
                 address, word);
    else
        snprintf(whole, VALUE_SIZE, "%s", word);
}

/* True if one WORD of the answer for ADDRESS does this harm. */
static bool
is_harmful(const struct postfix *p, enum harm harm, const char *word,
           const char *address)
{
    char whole[VALUE_SIZE];
    size_t len = strcspn(address, "@");
    bool same;

    complete(p, word, address, whole);
    same = strncasecmp(whole, address, len + 1) == 0;
    switch (harm) {
    case CHANGES:
        return strcasecmp(whole, address) != 0;
    case MOVES:
        return strcasecmp(strrchr(whole, '@'), strrchr(address, '@')) != 0;
    case LEAVES:
        return !is_own(p->mta, whole);
    case LEADS_AWAY:
        return same && is_foreign(p->mta, whole);
    case GATHERS:
        return !same;
    case ANSWERS:
        break;
    }
    return true;
}

static bool
does_harm(const struct postfix *p, enum harm harm, const char *value,
          const char *address)
{
    char word[VALUE_SIZE];

    while (next_word(&value, word, sizeof word)) {
        if (is_harmful(p, harm, word, address))
            return true;
    }
    return harm == ANSWERS;
}

/* Apply masquerade_domains, a LIST, to an address. Returns YES and the result
 * in VALUE, or NO. */
static enum answer
masquerade(const char *list, const char *address, char value[VALUE_SIZE])
{
    const char *domain = strrchr(address, '@') + 1;
    char word[VALUE_SIZE];

    while (next_word(&list, word, sizeof word)) {
        const char *name = word + strspn(word, "!");

        if (strcasecmp(name, domain) != 0 && !is_below(domain, name))
            continue;
        snprintf(value, VALUE_SIZE, "%.*s@%s", (int)strcspn(address, "@"),
                 address, name);
        return (name - word) % 2 == 0 && strcasecmp(name, domain) != 0 ? YES
                                                                       : NO;
    }
    return NO;
}

/* Query one parameter for a test recipient. Returns true if no more queries are
 * needed: after a finding, or if the table does not answer. */
static bool
look_at_probe(struct postfix *p, const struct rule *rule, const char *parameter,
              const char *list, const struct probe *probe)
{
    const char *address = rule->asked == TARGET ? probe->target
                          : rule->asked == OWN  ? probe->own
                                                : probe->here;
    char value[VALUE_SIZE];
    enum answer answer =
        strncmp(parameter, "masquerade", 10) == 0
            ? masquerade(list, address, value)
            : query_address(p, parameter, list, address, value);

    if (answer != YES || !does_harm(p, rule->harm, value, address))
        return answer == PERHAPS;
    report(p->mta, rule->result, parameter, rule->advice,
           "it maps %s to %s: %s", address, value, rule->effect);
    return true;
}

/* ---- entries for single recipients ---- */

/* True if a key is a single recipient of the kind that the rule is about: at
 * another site, in this site's routing domain, or in a split domain. An
 * unqualified name is in a split domain if such a domain is local. */
static bool
is_person(const struct postfix *p, const struct rule *rule, const char *key)
{
    const struct sdr_name *name = name_of(p->mta, key);

    if (strchr(key, '@') == NULL)
        return rule->asked == OWN && strchr(key, '.') == NULL
               && find_local_domain(p) != NULL;
    if (key[0] == '@' || name == NULL)
        return false;
    if (rule->asked == TARGET)
        return is_foreign(p->mta, key);
    return (name->kind == SDR_NAME_SPLIT) == (rule->asked == OWN)
           && is_own(p->mta, key);
}

static bool
look_at_people(struct postfix *p, const struct rule *rule,
               const char *parameter, const char *list)
{
    struct entries entries = {.list = list};
    char first[VALUE_SIZE];
    unsigned count = 0;

    while (next_entry(p, &entries)) {
        char address[VALUE_SIZE];

        complete(p, entries.key, "", address);
        if (is_person(p, rule, entries.key)
            && does_harm(p, rule->harm, entries.value, address) && count++ == 0)
            snprintf(first, sizeof first, "%.1000s for %.1000s", entries.value,
                     entries.key);
    }
    if (count > 0)
        report(p->mta, rule->result, parameter, rule->advice,
               "it has entries for single recipients (%u), such as %s: %s",
               count, first, rule->effect);
    return count > 0;
}

/* ---- rules ---- */

/* Write the name "canonical_classes" for "canonical_maps". */
static void
name_classes(const char *parameter, char classes[64])
{
    snprintf(classes, 64, "%.*sclasses",
             (int)(strrchr(parameter, '_') + 1 - parameter), parameter);
}

/* True if the parameter applies to recipients. If it has a parameter for
 * classes, these must include envelope_recipient. */
static bool
counts(const struct postfix *p, const struct rule *rule,
       const struct service *service, const char *parameter)
{
    char classes[64], line[80];

    name_classes(parameter, classes);
    snprintf(line, sizeof line, "%s =", classes);
    return (find_line(p->main, line) == NULL
            || has_word(get(p, service, classes), "envelope_recipient"))
           && (strcmp(rule->command, "non_smtpd") != 0
               || asks_milter(p, service,
                              get(p, service, "non_smtpd_milters")));
}

static bool
look_at_parameter(struct postfix *p, const struct rule *rule,
                  const struct service *service, const char *parameter)
{
    const char *list = get(p, service, parameter);
    struct probe probe = {0};

    if (list[0] == '\0' || !counts(p, rule, service, parameter))
        return false;
    while (next_probe(p->mta, &probe)) {
        if (look_at_probe(p, rule, parameter, list, &probe))
            return true;
    }
    return (rule->listed & (p->mta->tables ? BY_TABLES : BY_MILTER)) != 0
           && look_at_people(p, rule, parameter, list);
}

static void
look_at_rule(struct postfix *p, const struct rule *rule)
{
    const char *command =
        strcmp(rule->command, "non_smtpd") == 0 ? "cleanup" : rule->command;
    const char *parameters = rule->parameters;
    char parameter[64], classes[64];

    while (next_word(&parameters, parameter, sizeof parameter)) {
        name_classes(parameter, classes);
        for (const struct service *s = NULL;
             (s = next_service(p, s, command)) != NULL;) {
            if (is_new_value(p, s, parameter) || is_new_value(p, s, classes))
                look_at_parameter(p, rule, s, parameter);
        }
    }
}

/* The service of the transport that delivers to the other site is checked. */
bool
look_at_generic(struct postfix *p, const struct service *client)
{
    bool lmtp = client != NULL && strcmp(client->command, "lmtp") == 0;

    return look_at_parameter(p, &rules[RULE_COUNT - 1], client,
                             lmtp ? "lmtp_generic_maps" : "smtp_generic_maps");
}

void
look_at_rewrites(struct postfix *p)
{
    for (unsigned i = 0; i < RULE_COUNT - 1; i++) {
        if ((rules[i].modes & (p->mta->tables ? BY_TABLES : BY_MILTER)) != 0)
            look_at_rule(p, &rules[i]);
    }
}
