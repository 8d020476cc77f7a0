/* route.c - see route.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/route.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const verdict_names[] = {
    [SDR_PASS] = "pass",   [SDR_REDIRECT] = "redirect", [SDR_COPY] = "copy",
    [SDR_ROUTE] = "route", [SDR_REJECT] = "reject",     [SDR_DEFER] = "defer",
};

static const char *const origin_names[] = {
    [SDR_FROM_NOWHERE] = "none",
    [SDR_FROM_DIRECTORY] = "directory",
    [SDR_FROM_REPLICA] = "replica",
};

const char *
sdr_verdict_name(enum sdr_verdict_kind kind)
{
    return verdict_names[kind];
}

const char *
sdr_origin_name(enum sdr_origin origin)
{
    return origin_names[origin];
}

static sdr_sites
bit(unsigned site)
{
    return (sdr_sites)1 << site;
}

static void
decide(struct sdr_verdict *verdict, enum sdr_verdict_kind kind,
       const char *reason)
{
    size_t len = strlen(reason);

    if (len >= sizeof verdict->reason)
        len = sizeof verdict->reason - 1;
    verdict->kind = kind;
    memcpy(verdict->reason, reason, len);
    verdict->reason[len] = '\0';
}

SDR_PRINTF(3, 4)
static void
decide_because(struct sdr_verdict *verdict, enum sdr_verdict_kind kind,
               const char *reason, ...)
{
    va_list args;

    verdict->kind = kind;
    va_start(args, reason);
    vsnprintf(verdict->reason, sizeof verdict->reason, reason, args);
    va_end(args);
}

SDR_PRINTF(4, 5)
static void
set_reply(struct sdr_reply *reply, const char *code, const char *enhanced,
          const char *text, ...)
{
    va_list args;

    reply->code = code;
    reply->enhanced = enhanced;
    va_start(args, text);
    vsnprintf(reply->text, sizeof reply->text, text, args);
    va_end(args);
}

static void
reject_unknown(struct sdr_verdict *verdict, const char *reason)
{
    decide(verdict, SDR_REJECT, reason);
    set_reply(&verdict->reply, "550", "5.1.1", "User unknown");
}

static void
defer_mistake(struct sdr_verdict *verdict)
{
    verdict->kind = SDR_DEFER;
    verdict->mistake = true;
    set_reply(&verdict->reply, "451", "4.3.5",
              "Recipient routing is misconfigured, try again later");
}

/* Start with an empty verdict. The targets need no clearing: target_count says
 * how many are valid. */
static void
reset(const struct sdr_config *config, struct sdr_verdict *verdict)
{
    verdict->kind = SDR_PASS;
    verdict->target_count = 0;
    verdict->sites = 0;
    verdict->next_hop = NULL;
    verdict->reply.code = verdict->reply.enhanced = NULL;
    verdict->reply.text[0] = '\0';
    verdict->decided = false;
    verdict->leaves = false;
    verdict->settled = false;
    verdict->mistake = false;
    verdict->origin = SDR_FROM_NOWHERE;
    verdict->config = config;
    verdict->reason[0] = '\0';
}

static void
reject_syntax(struct sdr_verdict *verdict)
{
    verdict->decided = true;
    decide(verdict, SDR_REJECT, "no local part");
    set_reply(&verdict->reply, "553", "5.1.3", "Bad recipient address syntax");
}

/* Parse RECIPIENT. If only its domain is valid, ADDRESS gets the domain and an
 * empty local part. False if the domain is not valid either. */
static bool
read_recipient(const char *recipient, struct sdr_address *address)
{
    if (sdr_address_parse(address, recipient) == SDR_OK)
        return true;
    address->local[0] = address->folded[0] = '\0';
    return sdr_address_find_domain(address->domain, recipient) == SDR_OK;
}

enum sdr_status
sdr_route_begin(const struct sdr_config *config, const char *recipient,
                struct sdr_question *question, struct sdr_verdict *verdict)
{
    const struct sdr_name *name;

    reset(config, verdict);
    if (!read_recipient(recipient, &question->address)) {
        decide(verdict, SDR_PASS, "not an address with a domain");
        return SDR_OK;
    }
    name = sdr_config_name(config, question->address.domain);
    if (name == NULL || name->kind == SDR_NAME_ACCEPT) {
        decide(verdict, SDR_PASS, "not a split domain");
        return SDR_OK;
    }
    if (name->kind == SDR_NAME_ROUTING && name->site != config->this_site) {
        decide_because(verdict, SDR_PASS, "routing domain of site %s",
                       config->sites[name->site].name);
        return SDR_OK;
    }
    if (question->address.folded[0] == '\0') {
        reject_syntax(verdict);
        return SDR_OK;
    }
    verdict->decided = true;
    question->sent_to_us = name->kind == SDR_NAME_ROUTING;
    question->domain = name->split;
    sdr_keys_make(&question->keys, &question->address,
                  config->domains[name->split].ascii,
                  config->recipient_delimiter);
    return SDR_NOTFOUND;
}

/* True for postmaster, bounces and the like, with or without an extension. */
static bool
is_always_local(const struct sdr_config *config, const struct sdr_keys *keys)
{
    for (unsigned k = 0; k + 1 < keys->count; k++) {
        for (unsigned i = 0; i < config->always_local.count; i++) {
            if (fnmatch(config->always_local.items[i], keys->key[k].folded,
                        FNM_CASEFOLD)
                == 0)
                return true;
        }
    }
    return false;
}

static void
add_target(struct sdr_verdict *verdict, unsigned site, const char *local,
           const char *domain)
{
    struct sdr_target *target = &verdict->targets[verdict->target_count++];

    target->site = site;
    sdr_address_join(local, domain, target->address, sizeof target->address);
    if (site != SDR_NO_SITE)
        verdict->sites |= bit(site);
}

/* True if the routing address lies in a split domain and is not the address
 * that was looked up: the mailbox has that name. */
static bool
is_renamed(const struct sdr_question *question, const struct sdr_facts *facts)
{
    return facts != NULL && facts->in_split && facts->routing_wins
           && !sdr_address_same(&facts->routing,
                                &question->keys.key[facts->key]);
}

/* Add the target at SITE: the entry's routing address if that is at SITE, else
 * the local part (of the routing address if the mailbox is renamed) at the
 * site's routing domain. A site with strip_extension gets no extension: the
 * key that was found says where it begins; if only the catch-all was found, it
 * begins at the first delimiter. */
static void
add_site(const struct sdr_config *config, const struct sdr_question *question,
         const struct sdr_facts *facts, unsigned site,
         struct sdr_verdict *verdict)
{
    unsigned key = facts != NULL ? facts->key : question->keys.count - 1;
    const char *local = question->keys.key[0].local;
    char stripped[SDR_LOCAL_MAX + 1];

    if (facts != NULL && facts->has_routing && facts->routing_site == site) {
        add_target(verdict, site, facts->routing.local, facts->routing.domain);
        return;
    }
    if (is_renamed(question, facts)) {
        local = facts->routing.local;
    } else if (config->sites[site].strip_extension) {
        sdr_keys_strip(&question->keys, key, stripped);
        local = stripped;
    }
    add_target(verdict, site, local,
               config->domains[question->domain].routing[site]);
}

/* Send it to OTHERS, which do not include this site. Each site gets a target,
 * except one that is reached by its next hop: it gets the recipient as it is.
 */
static void
send_to(const struct sdr_config *config, const struct sdr_question *question,
        const struct sdr_facts *facts, sdr_sites others,
        struct sdr_verdict *verdict)
{
    verdict->leaves = true;
    for (unsigned site = 0; site < config->site_count; site++) {
        if ((others & bit(site)) == 0)
            continue;
        if (config->sites[site].delivery == SDR_REWRITE) {
            add_site(config, question, facts, site, verdict);
            continue;
        }
        if (verdict->kind != SDR_REDIRECT) {
            decide_because(
                verdict, SDR_DEFER,
                "a recipient cannot be kept for site %s and for another site",
                config->sites[site].name);
            defer_mistake(verdict);
            return;
        }
        verdict->kind = SDR_ROUTE;
        verdict->next_hop = config->sites[site].next_hop;
        verdict->sites |= bit(site);
    }
}

static void
decide_unknown(const struct sdr_config *config,
               const struct sdr_question *question, struct sdr_verdict *verdict)
{
    const struct sdr_domain *domain = &config->domains[question->domain];

    if (is_always_local(config, &question->keys)) {
        decide(verdict, SDR_PASS, "no entry, always local");
        return;
    }
    switch (domain->unknown) {
    case SDR_UNKNOWN_REJECT:
        reject_unknown(verdict, "no entry, unknown = reject");
        return;
    case SDR_UNKNOWN_PASS:
        decide(verdict, SDR_PASS, "no entry, unknown = pass");
        return;
    case SDR_UNKNOWN_SITE:
        break;
    }
    if (domain->unknown_site == config->this_site) {
        decide(verdict, SDR_PASS, "no entry, unknown = this site");
        return;
    }
    if (question->sent_to_us) {
        reject_unknown(verdict,
                       "no entry, and sent to this site's routing domain");
        return;
    }
    decide_because(verdict, SDR_REDIRECT, "no entry, unknown = %s",
                   config->sites[domain->unknown_site].name);
    send_to(config, question, NULL, bit(domain->unknown_site), verdict);
}

/* Why the entry cannot be used, or NULL. */
static const char *
find_mistake(const struct sdr_config *config, const struct sdr_facts *facts)
{
    sdr_sites here = bit(config->this_site);

    if (facts->unreadable)
        return "a value that may mean this address is not just an address";
    if (facts->disagree)
        return "several entries with this address disagree";
    if (facts->foreign_owner)
        return "an owner that no site answers to";
    if (facts->bad_routing)
        return "the routing address is not a single address";
    if (facts->outside)
        return "the routing address lies outside every site";
    if (facts->owners == 0)
        return "contacts in several directories point to a mailbox that none "
               "of them has";
    if (facts->forward && !facts->by_default
        && !(facts->routing_wins && facts->owners == here))
        return "an owner, and a routing address outside every site";
    if (!facts->has_routing || (facts->owners & bit(facts->routing_site)) != 0)
        return NULL;
    if (facts->owners == here)
        return NULL; /* stale, see decide_known() */
    return "owner and routing address name different sites";
}

/* The mailbox here that is meant by a routing address in this site or in a
 * split domain. False if it is the recipient's own. */
static bool
find_alias(const struct sdr_config *config, const struct sdr_question *question,
           const struct sdr_facts *facts, struct sdr_address *alias)
{
    const struct sdr_name *name =
        sdr_config_name(config, facts->routing.domain);

    *alias = facts->routing;
    if (name != NULL && name->kind != SDR_NAME_ACCEPT)
        memcpy(alias->domain, config->domains[name->split].ascii,
               sizeof alias->domain);
    return !sdr_address_same(alias, &question->keys.key[0])
           && !sdr_address_same(alias, &question->keys.key[facts->key]);
}

/* This site is the only owner. A routing address at another site is left over
 * from a move, and one at this site is for senders who use it: neither changes
 * the target, except with routing_wins, which is Sendmail's ldap_routing. */
static void
decide_ours(const struct sdr_config *config,
            const struct sdr_question *question, const struct sdr_facts *facts,
            struct sdr_verdict *verdict)
{
    struct sdr_address alias;

    if (!facts->routing_wins && facts->has_routing
        && facts->routing_site != config->this_site) {
        decide(verdict, SDR_PASS, "owner is this site, routing address stale");
    } else if (!facts->routing_wins || !sdr_facts_has_address(facts)) {
        decide(verdict, SDR_PASS, "owner is this site");
    } else if (facts->has_routing && facts->routing_site != config->this_site) {
        decide(verdict, SDR_REDIRECT, "routing address");
        send_to(config, question, facts, bit(facts->routing_site), verdict);
    } else if (!find_alias(config, question, facts, &alias)) {
        decide(verdict, SDR_PASS, "owner is this site");
    } else {
        decide(verdict, SDR_REDIRECT,
               facts->in_split ? "routing address in the split domain"
                               : "routing address in this site");
        add_target(verdict, config->this_site, alias.local, alias.domain);
    }
}

/* The routing address is outside every site. */
static void
decide_forward(const struct sdr_question *question,
               const struct sdr_facts *facts, struct sdr_verdict *verdict)
{
    if (question->sent_to_us && sdr_facts_catch_all(facts, &question->keys)) {
        reject_unknown(verdict, "only a catch-all that leads outside, and sent "
                                "to this site's routing domain");
        return;
    }
    decide(verdict, SDR_REDIRECT, "routing address outside every site");
    add_target(verdict, SDR_NO_SITE, facts->routing.local,
               facts->routing.domain);
    verdict->leaves = true;
}

/* Decide the cases that come before ownership. False if it is none of them. */
static bool
is_special(const struct sdr_config *config, const struct sdr_question *question,
           const struct sdr_facts *facts, struct sdr_verdict *verdict)
{
    const char *mistake = find_mistake(config, facts);

    if (sdr_facts_catch_all(facts, &question->keys)
        && is_always_local(config, &question->keys)) {
        decide(verdict, SDR_PASS, "only the catch-all, always local");
    } else if (mistake != NULL) {
        decide_because(verdict, SDR_DEFER, "%s: %s", facts->dn, mistake);
        defer_mistake(verdict);
    } else if (facts->hold) {
        decide(verdict, SDR_DEFER, "on hold");
        set_reply(&verdict->reply, "451", "4.2.1",
                  "Mailbox is being moved, try again later");
    } else {
        return false;
    }
    return true;
}

static void
decide_known(const struct sdr_config *config,
             const struct sdr_question *question, const struct sdr_facts *facts,
             struct sdr_verdict *verdict)
{
    sdr_sites here = bit(config->this_site);
    bool catch_all = sdr_facts_catch_all(facts, &question->keys);

    if (is_special(config, question, facts, verdict))
        return;
    if (facts->forward) {
        decide_forward(question, facts, verdict);
        return;
    }
    if (facts->owners == here) {
        decide_ours(config, question, facts, verdict);
        return;
    }
    if (question->sent_to_us && catch_all && (facts->owners & here) == 0) {
        reject_unknown(verdict, "only another site's catch-all, and sent to "
                                "this site's routing domain");
        return;
    }
    decide(verdict, (facts->owners & here) != 0 ? SDR_COPY : SDR_REDIRECT,
           catch_all ? "owner from the catch-all" : "owner from the directory");
    send_to(config, question, facts, facts->owners & ~here, verdict);
}

/* Redirect to this site. Its target comes first: it alone is settled. */
static void
redirect_home(const struct sdr_config *config,
              const struct sdr_question *question, struct sdr_verdict *verdict)
{
    struct sdr_target first = verdict->targets[0];
    unsigned last = verdict->target_count;

    verdict->kind = SDR_REDIRECT;
    verdict->next_hop = NULL;
    verdict->settled = true;
    add_target(verdict, config->this_site, question->keys.key[0].local,
               question->keys.key[0].domain);
    if (last > 0) {
        verdict->targets[0] = verdict->targets[last];
        verdict->targets[last] = first;
    }
}

/* The recipient is in this site's routing domain: the system that sent it has
 * decided that this site owns it. It goes to the same address in the split
 * domain; if the owner is reached by a next hop, the MTA routes it from there.
 */
static void
keep_at_home(const struct sdr_config *config,
             const struct sdr_question *question, struct sdr_verdict *verdict)
{
    switch (verdict->kind) {
    case SDR_PASS:
    case SDR_COPY:
        verdict->target_count = 0;
        verdict->sites = 0;
        verdict->leaves = false;
        redirect_home(config, question, verdict);
        return;
    case SDR_ROUTE:
        verdict->sites = 0;
        for (unsigned i = 0; i < verdict->target_count; i++)
            verdict->sites |= bit(verdict->targets[i].site);
        redirect_home(config, question, verdict);
        return;
    case SDR_REDIRECT: /* the mailbox has moved since */
    case SDR_REJECT:
    case SDR_DEFER:
        return;
    }
}

void
sdr_route_decide(const struct sdr_config *config,
                 const struct sdr_question *question,
                 const struct sdr_answer *answer, struct sdr_verdict *verdict)
{
    reset(config, verdict);
    verdict->decided = true;
    verdict->origin = answer->origin;
    switch (answer->status) {
    case SDR_OK:
        decide_known(config, question, &answer->facts, verdict);
        break;
    case SDR_NOTFOUND:
        decide_unknown(config, question, verdict);
        break;
    case SDR_TEMPFAIL:
    case SDR_INVALID:
    case SDR_CONFIG:
        decide_because(verdict, SDR_DEFER, "no sure answer: %s",
                       answer->error.text);
        set_reply(&verdict->reply, "451", "4.4.3",
                  "Directory unavailable, try again later");
        break;
    }
    if (verdict->kind == SDR_DEFER || verdict->kind == SDR_REJECT) {
        verdict->target_count = 0;
        verdict->sites = 0;
        verdict->next_hop = NULL;
        verdict->leaves = false;
    } else if (question->sent_to_us) {
        keep_at_home(config, question, verdict);
    }
}
