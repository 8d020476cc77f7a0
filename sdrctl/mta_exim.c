/* mta_exim.c - sdrctl check mta: Exim
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <string.h>

#include "eximconf.h"

/* A domain that is nobody's: it is asked for only to see that an answer comes.
 */
#define NOBODY "postmaster@sdr.invalid"

struct visit {
    const struct check *check;
    struct eximconf exim;
    unsigned index; /* of the router that asks sdr */
    const struct router *router;
    char data[OPTION_SIZE]; /* its data */
    enum sdr_finding worst;
};

static const char examples[] =
    "see sdr-router among the examples, and exim-sdr(7)";

/* ---- the library ---- */

/* What stands between START and the brace that ends it, in the router's data.
 */
static void
between(const char *data, const char *start, char *out, size_t size)
{
    const char *found = strstr(data, start);

    out[0] = '\0';
    if (found == NULL)
        return;
    found += strlen(start);
    snprintf(out, size, "%.*s", (int)strcspn(found, "}"), found);
}

/* The last argument of the call, if it is a file: the configuration. */
static void
last_argument(const char *data, char *out, size_t size)
{
    const char *last = strrchr(data, '{');

    snprintf(out, size, "%s", SDR_CONFIG_PATH);
    if (last != NULL && last[1] == '/')
        snprintf(out, size, "%.*s", (int)strcspn(last + 1, "}"), last + 1);
}

/* Exim itself calls it. */
static void
look_at_library(struct visit *visit)
{
    char library[512], conf[512], string[OPTION_SIZE], result[1024];

    between(visit->data, "${dlfunc{", library, sizeof library);
    last_argument(visit->data, conf, sizeof conf);
    snprintf(string, sizeof string, "${dlfunc{%s}{sdr_owner}{" NOBODY "}{%s}}",
             library, conf);
    if (!eximconf_expand(&visit->exim, string, result, sizeof result))
        tell_finding(&visit->worst, SDR_SILENT, "library",
                     "run it as root, and see exim -be",
                     "Exim cannot be asked to call %s", library);
    else if (strncmp(result, "Failed: ", 8) == 0)
        tell_finding(&visit->worst, SDR_WRONG, "library",
                     "correct SDR_SO, or install the library for this Exim",
                     "Exim cannot call it: %s: all mail is deferred",
                     result + 8);
    else if (result[0] != '\0')
        tell_finding(&visit->worst, SDR_WRONG, "library",
                     "Exim's log says why: run sdrctl check, and see RIGHTS in "
                     "exim-sdr(7)",
                     "%s cannot use %s: %s", library, conf, result);
    else
        tell_finding(&visit->worst, SDR_FINE, "library", NULL,
                     "Exim calls %s with %s", library, conf);
    if (!same_path(conf, visit->check->config->path))
        tell_finding(&visit->worst, SDR_DOUBTFUL, "library",
                     "correct SDR_CONF, or check that file: sdrctl -c",
                     "Exim reads %s, not %s", conf, visit->check->config->path);
}

/* ---- the router ---- */

static bool
find_router(struct visit *visit, const char *function)
{
    for (unsigned i = 0; i < visit->exim.router_count; i++) {
        visit->index = i;
        visit->router = &visit->exim.list[i];
        router_option(visit->router, "data", visit->data);
        if (strstr(visit->data, function) != NULL)
            return true;
    }
    return false;
}

static bool
has_next_hop_router(const struct eximconf *exim)
{
    for (unsigned i = 0; i < exim->router_count; i++) {
        char value[OPTION_SIZE];

        router_option(&exim->list[i], "route_data", value);
        if (strstr(value, "{sdr_next_hop}") != NULL)
            return true;
    }
    return false;
}

static const struct {
    const char *flag;
    enum sdr_finding finding;
    const char *without;
} flags[] = {
    {"allow_fail", SDR_WRONG, "unknown recipients are deferred, not refused"},
    {"allow_defer", SDR_WRONG,
     "Exim calls it a mistake when there is no sure answer"},
    {"caseful_local_part", SDR_DOUBTFUL,
     "other sites get local parts in lower case"},
    {"forbid_file", SDR_DOUBTFUL, "a value in the directory may name a file"},
    {"forbid_pipe", SDR_DOUBTFUL,
     "a value in the directory may name a program"},
    {"forbid_include", SDR_DOUBTFUL,
     "a value in the directory may name a list in a file"},
    {"forbid_filter_run", SDR_DOUBTFUL,
     "a value in the directory may run a program"},
    {"verify_recipient", SDR_DOUBTFUL,
     "recipients are verified without it, and who is unknown is taken"},
};

static void
look_at_flags(struct visit *visit, const char *name)
{
    char marks[OPTION_SIZE];

    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (!router_flag(visit->router, flags[i].flag))
            tell_finding(&visit->worst, flags[i].finding, name, examples,
                         "%s is not set: %s", flags[i].flag, flags[i].without);
    }
    if (router_flag(visit->router, "unseen"))
        tell_finding(&visit->worst, SDR_WRONG, name, examples,
                     "unseen is set: mail for other sites stays here as well");
    if (strstr(visit->data, "${quote_local_part:") == NULL)
        tell_finding(&visit->worst, SDR_WRONG, name, examples,
                     "data has no ${quote_local_part:...}: whoever writes a "
                     "quoted local part can send mail to anybody through this "
                     "host");
    router_option(visit->router, "headers_add", marks);
    if (strstr(marks, "{sdr_mark}") == NULL
        || strstr(visit->data, "X-SDR-Routed") == NULL)
        tell_finding(&visit->worst, SDR_WRONG, name, examples,
                     "no mark is added, or none is looked for: a loop between "
                     "two sites is not noticed");
}

/* ---- domains ---- */

/* Tell each domain that is ours: split, or this site's routing domain. */
static void
each_own(struct visit *visit, const char *name,
         void (*look)(struct visit *visit, const char *name,
                      const char *domain))
{
    const struct sdr_config *config = visit->check->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        look(visit, name, config->domains[i].ascii);
        if (config->domains[i].canonical == i)
            look(visit, name, config->domains[i].routing[config->this_site]);
    }
}

static void
look_at_taken(struct visit *visit, const char *name, const char *domain)
{
    char domains[OPTION_SIZE];

    router_option(visit->router, "domains", domains);
    if (domains[0] != '\0'
        && eximconf_match(&visit->exim, domain, domains) == NO)
        tell_finding(&visit->worst, SDR_WRONG, name,
                     "take its domains option out: sdr.conf says which they "
                     "are",
                     "it is not for %s: mail there is not routed", domain);
}

/* A router with other conditions may be meant so. */
static bool
is_unconditional(const struct router *router)
{
    static const char *const conditions[] = {
        "condition",     "local_parts",       "senders",
        "require_files", "local_part_prefix", "local_part_suffix"};
    char value[OPTION_SIZE];

    for (unsigned i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        router_option(router, conditions[i], value);
        if (value[0] != '\0')
            return false;
    }
    return !router_flag(router, "check_local_user");
}

static void
look_at_earlier(struct visit *visit, const char *name, const char *domain)
{
    for (unsigned i = 0; i < visit->index; i++) {
        const struct router *router = &visit->exim.list[i];
        char domains[OPTION_SIZE], other[128];

        router_option(router, "domains", domains);
        router_name(router, other, sizeof other);
        if (domains[0] != '\0'
            && eximconf_match(&visit->exim, domain, domains) != YES)
            continue;
        tell_finding(
            &visit->worst, is_unconditional(router) ? SDR_WRONG : SDR_DOUBTFUL,
            other, "let the routers of sdr come first",
            "this router comes before %s and takes mail for %s", name, domain);
    }
}

/* As Debian calls the lists that its ACL asks. */
static void
look_at_relaying(struct visit *visit, const char *name, const char *domain)
{
    (void)name;
    if (eximconf_match(&visit->exim, domain,
                       "+local_domains : +relay_to_domains")
        == NO)
        tell_finding(&visit->worst, SDR_WRONG, "relay_to_domains",
                     "add it to dc_relay_domains, or to dc_other_hostnames if "
                     "the mailboxes are here",
                     "Exim takes no mail for %s from outside", domain);
}

static void
look_at_foreign(struct visit *visit, const char *domain, const char *site)
{
    if (eximconf_match(&visit->exim, domain, "+local_domains") == YES)
        tell_finding(&visit->worst, SDR_WRONG, "local_domains", "take it out",
                     "%s, of the site %s, is among them: mail for the site "
                     "stays here",
                     domain, site);
    else if (eximconf_match(&visit->exim, domain, "+relay_to_domains") == YES)
        tell_finding(&visit->worst, SDR_DOUBTFUL, "relay_to_domains",
                     "take it out: the recipients of sdr need it not",
                     "anybody may relay to %s, of the site %s, through this "
                     "host",
                     domain, site);
}

static void
look_at_domains(struct visit *visit, const char *name)
{
    const struct sdr_config *config = visit->check->config;

    each_own(visit, name, look_at_taken);
    each_own(visit, name, look_at_earlier);
    each_own(visit, name, look_at_relaying);
    for (unsigned i = 0; i < config->domain_count; i++) {
        if (config->domains[i].canonical != i)
            continue;
        for (unsigned j = 0; j < config->site_count; j++) {
            if (j != config->this_site
                && config->sites[j].delivery == SDR_REWRITE)
                look_at_foreign(visit, config->domains[i].routing[j],
                                config->sites[j].name);
        }
    }
}

/* ---- all of it ---- */

static void
look_at_next_hops(struct visit *visit)
{
    const struct sdr_config *config = visit->check->config;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery != SDR_BY_NEXT_HOP
            || has_next_hop_router(&visit->exim))
            continue;
        tell_finding(&visit->worst, SDR_WRONG, "sdr_next_hop", examples,
                     "site %s has delivery = route, but no router asks for its "
                     "next hop",
                     config->sites[i].name);
        return;
    }
}

static void
look_at_acl(struct visit *visit)
{
    const char *config = visit->exim.config;

    if (strstr(config, "verify = recipient") == NULL
        && strstr(config, "{sdr_owner}") == NULL)
        tell_finding(&visit->worst, SDR_DOUBTFUL, "acl_smtp_rcpt",
                     "require verify = recipient in the ACL, or use "
                     "sdr-rcpt-acl",
                     "no ACL verifies recipients: mail for unknown ones is "
                     "taken, and bounced later");
}

static void
look(struct visit *visit)
{
    char name[128];

    if (strstr(visit->exim.version, "Expand_dlfunc") == NULL) {
        tell_finding(&visit->worst, SDR_WRONG, "program",
                     "on Debian: install exim4-daemon-heavy",
                     "%s cannot load libraries (no Expand_dlfunc)",
                     visit->exim.program);
        return;
    }
    if (!find_router(visit, "{sdr_route}")) {
        tell_finding(&visit->worst, SDR_WRONG, "routers", examples,
                     "none of the %u routers asks sdr: no mail is routed",
                     visit->exim.router_count);
        return;
    }
    router_name(visit->router, name, sizeof name);
    tell_finding(&visit->worst, SDR_FINE, "routers", NULL,
                 "the router %s asks sdr", name);
    look_at_library(visit);
    look_at_flags(visit, name);
    look_at_domains(visit, name);
    look_at_next_hops(visit);
    look_at_acl(visit);
}

enum sdr_finding
check_exim(const struct check *check, bool *found)
{
    struct visit visit = {.check = check};
    struct sdr_error error = {""};

    visit.exim.file = check->exim_config;
    visit.exim.timeout = check->network.timeout;
    *found = program_find("exim4", visit.exim.program)
             || program_find("exim", visit.exim.program);
    if (!*found)
        return SDR_FINE;
    tell_heading("mta: Exim%s%s", check->exim_config != NULL ? ", " : "",
                 check->exim_config != NULL ? check->exim_config : "");
    if (eximconf_read(&visit.exim, &error) == SDR_OK)
        look(&visit);
    else
        tell_finding(&visit.worst, SDR_SILENT, "program",
                     "run it as root, and see exim -bV", "%s", error.text);
    eximconf_free(&visit.exim);
    return visit.worst;
}
