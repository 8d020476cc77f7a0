/* site_recipient.c - see site_recipient.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "site_recipient.h"

#include <stdio.h>

#include "decision/route.h"

struct sdr_facts
site_facts(const struct sdr_facts *now, unsigned site)
{
    struct sdr_facts then = {.directory = now->directory,
                             .key = now->key,
                             .owners = (sdr_sites)1 << site};

    if (now->in_split) {
        then.in_split = true;
        then.routing_wins = now->routing_wins;
        then.routing = now->routing;
    }
    if (now->has_routing && now->routing_site == site) {
        then.has_routing = true;
        then.routing_wins = now->routing_wins;
        then.routing_site = site;
        then.routing = now->routing;
    }
    return then;
}

enum sdr_status
site_recipient(const struct sdr_config *config, const char *address,
               const struct sdr_facts *facts, unsigned site, char *recipient,
               struct sdr_error *error)
{
    const size_t size = SDR_ADDRESS_MAX + 1;
    const struct sdr_answer answer = {.status = SDR_OK,
                                      .facts = site_facts(facts, site)};
    struct sdr_question question;
    struct sdr_verdict verdict;

    if (sdr_route_begin(config, address, &question, &verdict) == SDR_NOTFOUND)
        sdr_route_decide(config, &question, &answer, &verdict);
    if (verdict.kind == SDR_REDIRECT && verdict.target_count == 1)
        snprintf(recipient, size, "%s", verdict.targets[0].address);
    else if (verdict.kind == SDR_ROUTE)
        sdr_address_format(&question.address, recipient, size);
    else if (verdict.kind == SDR_PASS && verdict.decided
             && site == config->this_site)
        sdr_address_format(&question.keys.key[0], recipient, size);
    else {
        sdr_error_set(error, "mail would not go there: %s", verdict.reason);
        return SDR_INVALID;
    }
    return SDR_OK;
}
