/* exim_routers.c - sdrctl check mta: the router of sdr, and the others
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/exim.h"

#include <stdio.h>
#include <string.h>

/* ---- the router ---- */

/* Options that the router of sdr must have, or texts in their values, and the
 * effect if they are missing. */
static const struct {
    const char *option, *text; /* TEXT is NULL for an option without a value */
    enum check_result result;
    const char *effect;
} expected[] = {
    {"allow_fail", NULL, CHECK_WRONG,
     "unknown recipients are deferred, not rejected"},
    {"allow_defer", NULL, CHECK_WRONG,
     "Exim reports an error in this router when sdr defers a recipient"},
    {"caseful_local_part", NULL, CHECK_DOUBTFUL,
     "Exim sends local parts to other sites in lower case"},
    {"forbid_file", NULL, CHECK_DOUBTFUL,
     "a value in the directory can make Exim write to a file"},
    {"forbid_pipe", NULL, CHECK_DOUBTFUL,
     "a value in the directory can make Exim run a program"},
    {"forbid_include", NULL, CHECK_DOUBTFUL,
     "a value in the directory can make Exim read a list from a file"},
    {"forbid_filter_run", NULL, CHECK_DOUBTFUL,
     "a filter in a value in the directory can run a program"},
    {"no_rewrite", NULL, CHECK_DOUBTFUL,
     "rewriting rules may undo the routing"},
    {"retry_use_local_part", NULL, CHECK_DOUBTFUL,
     "one deferred recipient may delay all others in the domain"},
    {"verify_recipient", NULL, CHECK_DOUBTFUL,
     "Exim verifies recipients without this router and accepts unknown "
     "recipients"},
    {"data", "quote_local_part", CHECK_WRONG,
     "with a quoted local part, any client can relay mail to any address "
     "through this host"},
    {"data", "X-SDR-Routed", CHECK_WRONG,
     "sdr does not detect a loop between two sites"},
    {"headers_add", "sdr_mark", CHECK_WRONG,
     "sdr does not detect a loop between two sites"},
    {"data", "sdr_verify", CHECK_DOUBTFUL,
     "if a recipient of this site and another has no mailbox here, Exim "
     "accepts the mail and bounces it later"},
};

void
look_at_sdr_router(struct exim *exim)
{
    const char *router = exim->routers[exim->index];
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *option = expected[i].option, *text = expected[i].text;

        read_router_option(router, option, value);
        if (text == NULL ? has_router_flag(router, option)
                         : strstr(value, text) != NULL)
            continue;
        report(exim->mta, expected[i].result, exim->name, exim_examples,
               "%s %s%s: %s", option, text == NULL ? "is not set" : "has no ",
               text == NULL ? "" : text, expected[i].effect);
    }
    if (has_router_flag(router, "unseen"))
        report(exim->mta, CHECK_WRONG, exim->name, exim_examples,
               "unseen is set: mail for other sites is delivered here too");
}

/* ---- other routers ---- */

/* True if no other condition limits the router. A conditional router may be
 * intended. */
static bool
is_unconditional(const char *router)
{
    static const char *const conditions[] = {
        "condition",     "local_parts",       "senders",
        "require_files", "local_part_prefix", "local_part_suffix"};
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        read_router_option(router, conditions[i], value);
        if (value[0] != '\0')
            return false;
    }
    return !has_router_flag(router, "check_local_user");
}

/* True if the router leaves mail to the router of sdr. Address literals are not
 * in any of our domains. The addresses that a redirect router generates reach
 * our router, unless redirect_router makes them start elsewhere. */
static bool
takes_nothing_away(const char *router)
{
    char driver[VALUE_SIZE], next[VALUE_SIZE];

    read_router_option(router, "driver", driver);
    read_router_option(router, "redirect_router", next);
    return strcmp(driver, "ipliteral") == 0 || has_router_flag(router, "unseen")
           || (strcmp(driver, "redirect") == 0 && next[0] == '\0');
}

void
look_at_earlier_routers(struct exim *exim, const char *domain)
{
    for (unsigned i = 0; i < exim->index; i++) {
        const char *router = exim->routers[i];
        char name[128];

        if (takes_nothing_away(router)
            || is_router_for(exim, router, domain) != YES)
            continue;
        name_router(router, name);
        report(exim->mta,
               is_unconditional(router) ? CHECK_WRONG : CHECK_DOUBTFUL, name,
               "put the routers of sdr before it",
               "this router comes before %s and takes mail for %s: sdr does "
               "not route that mail",
               exim->name, domain);
    }
}

static bool
is_for_split_domain(struct exim *exim, const char *router)
{
    const struct sdr_config *config = exim->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (is_router_for(exim, router, config->domains[i].ascii) == YES)
            return true;
    }
    return false;
}

/* With same_domain_copy_routing, the recipients of a domain share the routing
 * of the first. Exim does not do that if a router changes header lines, as
 * sdr_here does. */
void
look_at_later_routers(struct exim *exim)
{
    bool apart = false;

    for (unsigned i = exim->index + 1; i < exim->count; i++) {
        const char *router = exim->routers[i];
        char name[128], condition[VALUE_SIZE], headers[VALUE_SIZE];

        name_router(router, name);
        read_router_option(router, "condition", condition);
        read_router_option(router, "headers_remove", headers);
        apart |= strstr(condition, "{sdr_owner}") != NULL && headers[0] != '\0';
        if (!is_for_split_domain(exim, router))
            continue;
        if (!apart && has_router_flag(router, "same_domain_copy_routing"))
            report(exim->mta, CHECK_WRONG, name, exim_examples,
                   "same_domain_copy_routing is set: if one recipient of a "
                   "message stays here, Exim delivers it here for all others "
                   "in the domain, even if they have moved");
        if (has_router_flag(router, "unseen"))
            report(exim->mta, CHECK_DOUBTFUL, name,
                   "put it before the routers of sdr",
                   "unseen is set, but this router comes after %s: it gets no "
                   "copy of mail for other sites",
                   exim->name);
    }
}

void
look_at_next_hops(struct exim *exim)
{
    char value[VALUE_SIZE];

    for (unsigned i = 0; i < exim->count; i++) {
        read_router_option(exim->routers[i], "route_data", value);
        if (strstr(value, "{sdr_next_hop}") != NULL)
            return;
    }
    if (sdr_config_has_next_hop(exim->mta->config))
        report(exim->mta, CHECK_WRONG, "sdr_next_hop", exim_examples,
               "a site has delivery = route, but no router asks for its next "
               "hop: Exim treats its mail like mail that stays here");
}
