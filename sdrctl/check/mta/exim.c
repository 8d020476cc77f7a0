/* exim.c - sdrctl check mta: Exim
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Exim itself is asked for its routers (-bP), expands strings (-be), rewrites
 * (-brw) and routes (-bt) made-up recipients.
 */
#include "check/mta/mta.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ROUTERS_MAX = 128 };

struct exim {
    struct mta *mta;
    const char *file; /* NULL: the usual one */
    char program[PROGRAM_SIZE];
    const struct reply *config;       /* of -bP config */
    const char *routers[ROUTERS_MAX]; /* the lines of each, in order */
    unsigned count, index;            /* INDEX is the one that asks sdr */
    char name[128], data[VALUE_SIZE]; /* of that one */
};

static const char examples[] = "copy sdr-router, sdr-rcpt-acl and sdr-data-acl "
                               "anew from the examples, see exim-sdr(7)";

/* ---- questions ---- */

static const struct reply *
ask_exim(struct exim *exim, const char *option, const char *argument)
{
    return exim->file == NULL
               ? ask(exim->mta, NULL, exim->program, option, argument, NULL)
               : ask(exim->mta, NULL, exim->program, "-C", exim->file, option,
                     argument, NULL);
}

static bool
has_text(const struct reply *reply, const char *text)
{
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        if (strstr(line, text) != NULL)
            return true;
    }
    return false;
}

/* The value of an option of a router, or "". */
static void
read_option(const char *router, const char *name, char value[VALUE_SIZE])
{
    char start[80];
    const char *found;

    snprintf(start, sizeof start, "%s = ", name);
    found = find_line(router, start);
    snprintf(value, VALUE_SIZE, "%s", found == NULL ? "" : found);
}

/* Whether an option without a value is set. */
static bool
has_flag(const char *router, const char *name)
{
    for (; *router != '\0'; router += strlen(router) + 1) {
        if (strcmp(router, name) == 0)
            return true;
    }
    return false;
}

/* Whether DOMAIN is in a domain list; PERHAPS if Exim does not say. */
static enum answer
match(struct exim *exim, const char *domain, const char *list)
{
    char string[VALUE_SIZE + 512];
    const struct reply *reply;

    snprintf(string, sizeof string, "${if match_domain{%s}{%s}{yes}{no}}",
             domain, list);
    reply = ask_exim(exim, "-be", string);
    return strcmp(reply->text, "yes") == 0  ? YES
           : strcmp(reply->text, "no") == 0 ? NO
                                            : PERHAPS;
}

/* Whether a router may be asked about a domain. */
static enum answer
is_for(struct exim *exim, const char *router, const char *domain)
{
    char domains[VALUE_SIZE];

    read_option(router, "domains", domains);
    return domains[0] == '\0' ? YES : match(exim, domain, domains);
}

/* The value of an option of the main section, or "". */
static const char *
main_option(struct exim *exim, const char *name)
{
    char start[80];
    const char *value;

    snprintf(start, sizeof start, "%s = ", name);
    value = find_line(ask_exim(exim, "-bP", name)->text, start);
    return value == NULL ? "" : value;
}

/* ---- the library ---- */

/* Exim itself calls it, about nobody: true if it can. */
static bool
look_at_library(struct exim *exim)
{
    const char *start = strstr(exim->data, "${dlfunc{");
    const char *last = strrchr(exim->data, '{');
    char library[512] = "", conf[512], string[VALUE_SIZE];
    const struct reply *reply;
    bool usable = false;

    if (start != NULL)
        snprintf(library, sizeof library, "%.*s", (int)strcspn(start + 9, "}"),
                 start + 9);
    snprintf(conf, sizeof conf, "%s", SDR_CONFIG_PATH);
    if (last != NULL && last[1] == '/')
        snprintf(conf, sizeof conf, "%.*s", (int)strcspn(last + 1, "}"),
                 last + 1);
    snprintf(string, sizeof string,
             "${dlfunc{%s}{sdr_owner}{postmaster@sdr.invalid}{%s}}", library,
             conf);
    reply = ask_exim(exim, "-be", string);
    if (reply->code != 0)
        report(exim->mta, CHECK_UNREACHABLE, "library",
               "run it as root, and see exim -be",
               "Exim cannot be asked to call %s", library);
    else if (strncmp(reply->text, "Failed: ", 8) == 0)
        report(exim->mta, CHECK_WRONG, "library",
               "correct SDR_SO, or install the library for this Exim",
               "Exim cannot call it: %s: all mail is deferred",
               reply->text + 8);
    else if (reply->text[0] != '\0')
        report(exim->mta, CHECK_WRONG, "library",
               "Exim's log says why: run sdrctl check, and see Access in "
               "exim-sdr(7)",
               "%s cannot use %s: %s", library, conf, reply->text);
    else
        usable = true;
    if (usable)
        report(exim->mta, CHECK_OK, "library", NULL, "Exim calls %s with %s",
               library, conf);
    if (!same_path(conf, exim->mta->config->path))
        report(exim->mta, CHECK_DOUBTFUL, "library",
               "correct SDR_CONF, or check that file: sdrctl -c",
               "Exim reads %s, not %s", conf, exim->mta->config->path);
    return usable;
}

/* ---- the router ---- */

/* Options that ours must have, or texts in them, and what happens without. */
static const struct {
    const char *option, *text; /* TEXT is NULL for an option without a value */
    enum check_result result;
    const char *effect;
} expected[] = {
    {"allow_fail", NULL, CHECK_WRONG,
     "unknown recipients are deferred, not refused"},
    {"allow_defer", NULL, CHECK_WRONG,
     "Exim calls it a mistake when there is no sure answer"},
    {"caseful_local_part", NULL, CHECK_DOUBTFUL,
     "other sites get local parts in lower case"},
    {"forbid_file", NULL, CHECK_DOUBTFUL,
     "a value in the directory may name a file"},
    {"forbid_pipe", NULL, CHECK_DOUBTFUL,
     "a value in the directory may name a program"},
    {"forbid_include", NULL, CHECK_DOUBTFUL,
     "a value in the directory may name a list in a file"},
    {"forbid_filter_run", NULL, CHECK_DOUBTFUL,
     "a value in the directory may run a program"},
    {"no_rewrite", NULL, CHECK_DOUBTFUL,
     "rules of the rewriting section may undo the routing"},
    {"retry_use_local_part", NULL, CHECK_DOUBTFUL,
     "one deferred recipient may hold up all others of the domain"},
    {"verify_recipient", NULL, CHECK_DOUBTFUL,
     "recipients are verified without it, and who is unknown is taken"},
    {"data", "quote_local_part", CHECK_WRONG,
     "whoever writes a quoted local part can send mail to anybody through "
     "this host"},
    {"data", "X-SDR-Routed", CHECK_WRONG,
     "a loop between two sites is not noticed"},
    {"headers_add", "sdr_mark", CHECK_WRONG,
     "a loop between two sites is not noticed"},
    {"data", "sdr_verify", CHECK_DOUBTFUL,
     "a recipient of this site and another is taken even if it has no mailbox "
     "here, and bounced later"},
};

static void
look_at_router(struct exim *exim)
{
    const char *router = exim->routers[exim->index];
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *option = expected[i].option, *text = expected[i].text;

        read_option(router, option, value);
        if (text == NULL ? has_flag(router, option)
                         : strstr(value, text) != NULL)
            continue;
        report(exim->mta, expected[i].result, exim->name, examples,
               "%s %s%s: %s", option, text == NULL ? "is not set" : "has no ",
               text == NULL ? "" : text, expected[i].effect);
    }
    if (has_flag(router, "unseen"))
        report(exim->mta, CHECK_WRONG, exim->name, examples,
               "unseen is set: mail for other sites stays here as well");
}

/* ---- other routers ---- */

/* A router with other conditions may be meant so. */
static bool
is_unconditional(const char *router)
{
    static const char *const conditions[] = {
        "condition",     "local_parts",       "senders",
        "require_files", "local_part_prefix", "local_part_suffix"};
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        read_option(router, conditions[i], value);
        if (value[0] != '\0')
            return false;
    }
    return !has_flag(router, "check_local_user");
}

/* Address literals are no domains. The addresses that a redirect makes come to
 * our router, unless an option makes them begin elsewhere. */
static bool
takes_nothing_away(const char *router)
{
    char driver[VALUE_SIZE], next[VALUE_SIZE];

    read_option(router, "driver", driver);
    read_option(router, "redirect_router", next);
    return strcmp(driver, "ipliteral") == 0 || has_flag(router, "unseen")
           || (strcmp(driver, "redirect") == 0 && next[0] == '\0');
}

static void
name_router(const char *router, char name[128])
{
    snprintf(name, 128, "%.*s", (int)strcspn(router, " "), router);
}

static void
look_at_earlier_routers(struct exim *exim, const char *domain)
{
    for (unsigned i = 0; i < exim->index; i++) {
        const char *router = exim->routers[i];
        char name[128];

        if (takes_nothing_away(router) || is_for(exim, router, domain) != YES)
            continue;
        name_router(router, name);
        report(exim->mta,
               is_unconditional(router) ? CHECK_WRONG : CHECK_DOUBTFUL, name,
               "let the routers of sdr come first",
               "this router comes before %s and takes mail for %s", exim->name,
               domain);
    }
}

static bool
is_for_split_domain(struct exim *exim, const char *router)
{
    const struct sdr_config *config = exim->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_for(exim, router, config->domains[i].ascii) == YES)
            return true;
    }
    return false;
}

/* Whether routers behind ours route a recipient that has not been decided.
 * Those whom sdr_here lets through have a change of header lines, and Exim does
 * not send others the same way. */
static void
look_at_later_routers(struct exim *exim)
{
    bool apart = false;

    for (unsigned i = exim->index + 1; i < exim->count; i++) {
        const char *router = exim->routers[i];
        char name[128], condition[VALUE_SIZE], headers[VALUE_SIZE];

        name_router(router, name);
        read_option(router, "condition", condition);
        read_option(router, "headers_remove", headers);
        apart |= strstr(condition, "{sdr_owner}") != NULL && headers[0] != '\0';
        if (!is_for_split_domain(exim, router))
            continue;
        if (!apart && has_flag(router, "same_domain_copy_routing"))
            report(exim->mta, CHECK_WRONG, name, examples,
                   "same_domain_copy_routing is set: when one recipient of a "
                   "message stays here, others of the domain are taken along "
                   "though they have moved");
        if (has_flag(router, "unseen"))
            report(exim->mta, CHECK_DOUBTFUL, name,
                   "let it come before the routers of sdr",
                   "unseen is set, but it comes behind %s: it gets no copy of "
                   "mail for other sites",
                   exim->name);
    }
}

static void
look_at_next_hops(struct exim *exim)
{
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < exim->count; i++) {
        read_option(exim->routers[i], "route_data", value);
        if (strstr(value, "{sdr_next_hop}") != NULL)
            return;
    }
    if (sdr_config_has_next_hop(exim->mta->config))
        report(exim->mta, CHECK_WRONG, "sdr_next_hop", examples,
               "a site has delivery = route, but no router asks for its next "
               "hop");
}

/* ---- ACLs ---- */

/* Whether the ACL of this NAME, which Exim ends with an empty line, has a word.
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

/* Whether the ACL that an option of the main section names has a word. It may
 * call another one: then whether there is one that has it. */
static bool
acl_asks(struct exim *exim, const char *option, const char *word)
{
    const char *acl = main_option(exim, option);

    return acl[0] != '\0' && has_text(exim->config, word)
           && (acl_has(exim, acl, word) || acl_has(exim, acl, "acl = "));
}

static void
look_at_acls(struct exim *exim)
{
    static const char rcpt[] = "acl_smtp_rcpt";

    if (!acl_asks(exim, rcpt, "verify = recipient")
        && !acl_asks(exim, rcpt, "{sdr_owner}"))
        report(exim->mta, CHECK_DOUBTFUL, rcpt,
               "require verify = recipient in the ACL, or use sdr-rcpt-acl",
               "no ACL verifies recipients: mail for unknown ones is taken, "
               "and bounced later");
    if (!acl_asks(exim, "acl_smtp_data", "{sdr_loop}"))
        report(exim->mta, CHECK_WRONG, "acl_smtp_data", examples,
               "no ACL for DATA asks sdr: a message that loops is accepted, "
               "and circles until Exim counts too many hops");
    if (strstr(exim->data, "{sdr_verify}") != NULL
        && !acl_asks(exim, rcpt, " sdr_verify"))
        report(exim->mta, CHECK_DOUBTFUL, rcpt, examples,
               "no ACL asks for sdr_verify: a recipient of this site and "
               "another is taken even if it has no mailbox here, and bounced "
               "later");
}

/* A callout asks the host of the other site. */
static void
look_at_callouts(struct exim *exim)
{
    if (acl_asks(exim, "acl_smtp_rcpt", "verify = recipient/callout"))
        return;
    for (unsigned i = 0; i < exim->mta->config->domain_count; i++) {
        if (sends_unknown(exim->mta, i))
            report_unverified(exim->mta, "callout",
                              "verify = recipient/callout in the ACL for RCPT: "
                              "see chapter 3, Unknown recipients are verified",
                              i);
    }
}

/* ---- domains: as Debian calls the lists that its ACL asks ---- */

static void
look_at_domain(void *arg, const char *domain, const char *site)
{
    struct exim *exim = arg;

    if (site != NULL && match(exim, domain, "+local_domains") == YES)
        report(exim->mta, CHECK_WRONG, "local_domains", "take it out",
               "%s, of the site %s, is among them: mail for the site stays "
               "here",
               domain, site);
    else if (site != NULL && match(exim, domain, "+relay_to_domains") == YES)
        report(exim->mta, CHECK_DOUBTFUL, "relay_to_domains",
               "take it out: the recipients of sdr need it not",
               "anybody may relay to %s, of the site %s, through this host",
               domain, site);
    if (site != NULL)
        return;
    if (is_for(exim, exim->routers[exim->index], domain) == NO)
        report(exim->mta, CHECK_WRONG, exim->name,
               "take its domains option out: sdr.conf says which they are",
               "it is not for %s: mail there is not routed", domain);
    look_at_earlier_routers(exim, domain);
    if (match(exim, domain, "+local_domains : +relay_to_domains") == NO)
        report(exim->mta, CHECK_WRONG, "relay_to_domains",
               "add it to dc_relay_domains, or to dc_other_hostnames if the "
               "mailboxes are here",
               "Exim takes no mail for %s from outside", domain);
}

/* ---- addresses: rewriting ---- */

/* What rules make of the address in the place that Exim calls so: "env-to"; or
 * "SMTP", of what a client writes. NULL if its domain is left alone. */
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

/* What becomes of a client's recipient: a rule may do that with every one, or
 * with those of SMTP alone. */
static const char *
rewrite_recipient(struct exim *exim, const char *mailbox)
{
    const char *result = rewrite(exim, mailbox, "SMTP: ");

    return result != NULL ? result : rewrite(exim, mailbox, "env-to: ");
}

/* One split domain may stand for another. The other sites send mail to the
 * routing domain that they have routed: it would be routed once more. */
static void
look_at_own(struct exim *exim, const char *mailbox)
{
    const char *result = rewrite_recipient(exim, mailbox);
    const struct sdr_name *name = name_of(exim->mta, mailbox), *made;
    char advice[VALUE_SIZE];

    if (result == NULL)
        return;
    made = name_of(exim->mta, result);
    snprintf(advice, sizeof advice, "put before that rule: *%s $0 q",
             strrchr(mailbox, '@'));
    if (name->kind == SDR_NAME_ROUTING)
        report(exim->mta, CHECK_WRONG, "rewrite", advice,
               "a rule of the rewriting section makes %s of %s before %s sees "
               "it: what another site has sent here is routed once more, so "
               "that the sites can send copies to each other for ever, or not "
               "routed",
               result, mailbox, exim->name);
    else if (made == NULL || made->kind != SDR_NAME_SPLIT)
        report(exim->mta, CHECK_WRONG, "rewrite",
               "let the rule leave this domain out: exim -brw",
               "a rule of the rewriting section makes %s of %s before %s sees "
               "it: %s",
               result, mailbox, exim->name,
               is_own(exim->mta, result) ? "the other sites get no copy"
                                         : "mail there is not routed");
}

/* ---- addresses: routing ---- */

/* Where mail for another site goes. Routers may also make copies: the lines of
 * the address itself count, which name hosts. */
static void
look_at_way(struct exim *exim, const char *mailbox, const char *site)
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
        report(exim->mta, CHECK_WRONG, "routers", "see exim -bt",
               "%s is delivered on this machine: mail for the site %s stays "
               "here",
               mailbox, site);
    else if (!routed && redirected)
        report(exim->mta, CHECK_WRONG, "routers", "see exim -bt",
               "a router makes another address of %s: mail for the site %s "
               "does not get there",
               mailbox, site);
    else if (!routed && reply->code == 2)
        report(exim->mta, CHECK_WRONG, "routers", "see exim -bt",
               "%s is undeliverable: %s: mail for the site %s is returned",
               mailbox, why, site);
    else if (!routed)
        report(exim->mta, CHECK_UNREACHABLE, "routers", "see exim -bt",
               "Exim cannot say now where %s goes", mailbox);
}

static void
look_at_foreign(struct exim *exim, const char *mailbox, const char *site)
{
    const char *result = rewrite(exim, mailbox, "env-to: ");

    if (result == NULL)
        look_at_way(exim, mailbox, site);
    else if (!has_flag(exim->routers[exim->index], "no_rewrite"))
        report(exim->mta, CHECK_WRONG, exim->name, examples,
               "a rule of the rewriting section makes %s of %s: mail for the "
               "site %s does not get there",
               result, mailbox, site);
}

/* Whom sdr does not let through no router can route, unless it comes before. */
static void
look_at_nobody(struct exim *exim, const char *mailbox)
{
    struct sdr_verdict verdict;

    sdr_decide(exim->mta->check->sdr, mailbox, NULL, &verdict);
    if ((verdict.kind == SDR_REJECT || verdict.kind == SDR_DEFER)
        && ask_exim(exim, "-bt", mailbox)->code == 0)
        report(exim->mta, CHECK_DOUBTFUL, "routers",
               "see exim -bt; and let that router come behind sdr_here, or be "
               "for addresses that the directory does not have",
               "a router before %s takes %s, whom nobody has: so it may take "
               "everybody in the domain",
               exim->name, mailbox);
}

/* user%other@example.com: Exim makes user@other of it before any router. */
static void
look_at_percent_hack(struct exim *exim, const char *domain)
{
    static const char hack[] = "percent_hack_domains";
    const char *domains = main_option(exim, hack);

    if (domains[0] != '\0' && match(exim, domain, domains) == YES)
        report(exim->mta, CHECK_DOUBTFUL, hack, "take it out",
               "%s is among them: a local part with a %% in it is sent to "
               "another domain before sdr is asked",
               domain);
}

static void
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

/* ---- all of it ---- */

/* "sdr router:", its options a line each, an empty line. */
static bool
find_router(struct exim *exim)
{
    const struct reply *reply = ask_exim(exim, "-bP", "routers");
    static const char head[] = " router:";
    char data[VALUE_SIZE];

    for (const char *line = NULL; exim->count < ROUTERS_MAX
                                  && (line = next_line(reply, line)) != NULL;) {
        size_t len = strlen(line);

        if (len < sizeof head || strcmp(line + len + 1 - sizeof head, head))
            continue;
        read_option(line, "data", data);
        if (exim->name[0] == '\0' && strstr(data, "{sdr_route}") != NULL) {
            exim->index = exim->count;
            name_router(line, exim->name);
            snprintf(exim->data, sizeof exim->data, "%s", data);
        }
        exim->routers[exim->count++] = line;
    }
    return exim->name[0] != '\0';
}

static void
look(struct exim *exim)
{
    bool usable;

    report(exim->mta, CHECK_OK, "routers", NULL, "the router %s asks sdr",
           exim->name);
    usable = look_at_library(exim);
    look_at_router(exim);
    for_each_domain(exim->mta->config, look_at_domain, exim);
    look_at_next_hops(exim);
    look_at_acls(exim);
    look_at_callouts(exim);
    look_at_later_routers(exim);
    if (usable)
        for_each_domain(exim->mta->config, look_at_addresses, exim);
}

bool
check_exim(struct mta *mta)
{
    struct exim exim = {.mta = mta, .file = mta->check->exim_config};
    const struct reply *version;

    if (!find_program("exim4", exim.program)
        && !find_program("exim", exim.program))
        return false;
    report_heading("mta: Exim%s%s", exim.file != NULL ? ", " : "",
                   exim.file != NULL ? exim.file : "");
    version = ask_exim(&exim, "-bV", NULL);
    exim.config = ask_exim(&exim, "-bP", "config");
    if (version->code != 0 || exim.config->code != 0)
        report(mta, CHECK_UNREACHABLE, "program",
               "run it as root, and see exim -bV", "%s",
               version->code != 0 ? version->why : exim.config->why);
    else if (!has_text(version, "Expand_dlfunc"))
        report(mta, CHECK_WRONG, "program",
               "on Debian: install exim4-daemon-heavy",
               "%s cannot load libraries (no Expand_dlfunc)", exim.program);
    else if (!find_router(&exim))
        report(mta, CHECK_WRONG, "routers", examples,
               "none of the %u routers asks sdr: no mail is routed",
               exim.count);
    else
        look(&exim);
    return true;
}
