/* verdict.c - see verdict.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "verdict.h"

#include "fuzz.h"
#include "decision/line.h"

/* RFC 5321 (4.2) and RFC 3463: the text is ASCII, and both codes have the same
 * class. */
void
verdict_check_reply(const struct sdr_reply *reply, bool for_good)
{
    char class = for_good ? '5' : '4';

    FUZZ_RULE(reply->code != NULL && strlen(reply->code) == 3);
    FUZZ_RULE(reply->code[0] == class && reply->enhanced[0] == class);
    FUZZ_RULE(reply->text[0] != '\0' && fuzz_is_clean(reply->text));
    for (const char *s = reply->text; *s != '\0'; s++)
        FUZZ_RULE((unsigned char)*s < 0x80);
}

/* The domain of a target belongs to its site. A target at this site is not in
 * this site's routing domain, since that mail would be decided again. */
static void
check_target(const struct sdr_config *config, const struct sdr_target *target)
{
    struct sdr_address address;
    const struct sdr_name *name;

    FUZZ_RULE(target->site < config->site_count || target->site == SDR_NO_SITE);
    FUZZ_RULE(fuzz_is_clean(target->address));
    FUZZ_RULE(sdr_address_parse_path(&address, target->address) == SDR_OK);
    FUZZ_RULE(address.local[0] != '\0');
    name = sdr_config_name(config, address.domain);
    FUZZ_RULE((name == NULL) == (target->site == SDR_NO_SITE));
    if (name == NULL)
        return;
    if (name->kind == SDR_NAME_SPLIT)
        FUZZ_RULE(target->site == config->this_site);
    else
        FUZZ_RULE(target->site == name->site);
    if (name->kind == SDR_NAME_ROUTING)
        FUZZ_RULE(target->site != config->this_site);
}

static void
check_targets(const struct sdr_verdict *verdict)
{
    FUZZ_RULE(verdict->target_count <= SDR_SITES_MAX);
    for (unsigned i = 0; i < verdict->target_count; i++) {
        const struct sdr_target *target = &verdict->targets[i];

        check_target(verdict->config, target);
        FUZZ_RULE(target->site == SDR_NO_SITE
                  || (verdict->sites & (sdr_sites)1 << target->site) != 0);
        if (target->site != verdict->config->this_site)
            FUZZ_RULE(verdict->leaves);
        for (unsigned k = 0; k < i; k++)
            FUZZ_RULE(target->site != verdict->targets[k].site);
    }
    FUZZ_RULE((uint64_t)verdict->sites >> verdict->config->site_count == 0);
}

static void
check_kind(const struct sdr_verdict *verdict)
{
    bool refused = verdict->kind == SDR_REJECT || verdict->kind == SDR_DEFER;

    switch (verdict->kind) {
    case SDR_PASS:
        FUZZ_RULE(verdict->target_count == 0 && !verdict->leaves);
        break;
    case SDR_REDIRECT:
    case SDR_COPY:
        FUZZ_RULE(verdict->target_count > 0);
        break;
    case SDR_ROUTE:
        FUZZ_RULE(verdict->leaves);
        break;
    case SDR_REJECT:
    case SDR_DEFER:
        FUZZ_RULE(verdict->target_count == 0 && !verdict->leaves);
        verdict_check_reply(&verdict->reply, verdict->kind == SDR_REJECT);
        break;
    }
    FUZZ_RULE(refused == (verdict->reply.code != NULL));
    FUZZ_RULE((verdict->kind == SDR_ROUTE) == (verdict->next_hop != NULL));
    FUZZ_RULE(!verdict->mistake || verdict->kind == SDR_DEFER);
    FUZZ_RULE(verdict->decided || verdict->kind == SDR_PASS);
}

/* A settled recipient was sent to this site's routing domain. Its first target
 * is the same address in the split domain. */
static void
check_settled(const struct sdr_question *question,
              const struct sdr_verdict *verdict)
{
    struct sdr_address home;

    FUZZ_RULE(question->sent_to_us && verdict->kind == SDR_REDIRECT);
    FUZZ_RULE(sdr_address_parse(&home, verdict->targets[0].address) == SDR_OK);
    FUZZ_RULE(sdr_address_same(&home, &question->keys.key[0]));
}

void
verdict_check(const struct sdr_question *question,
              const struct sdr_verdict *verdict)
{
    char line[512];

    FUZZ_RULE(verdict->reason[0] != '\0');
    check_kind(verdict);
    check_targets(verdict);
    if (question != NULL && verdict->settled)
        check_settled(question, verdict);
    sdr_log_decision(line, sizeof line, verdict->reason, verdict);
    FUZZ_RULE(fuzz_is_clean(line));
}
