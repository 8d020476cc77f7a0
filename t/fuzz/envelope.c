/* envelope.c - see envelope.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "envelope.h"

#include "fuzz.h"
#include "world.h"

void
envelope_clear(struct envelope *envelope)
{
    for (unsigned i = 0; i < envelope->count; i++)
        free(envelope->rcpts[i].given);
    envelope->count = envelope->told_count = envelope->marks = 0;
}

void
envelope_add(struct envelope *envelope, const char *given, const char *resolved,
             bool by_milter)
{
    FUZZ_RULE(envelope->count
              < sizeof envelope->rcpts / sizeof envelope->rcpts[0]);
    envelope->rcpts[envelope->count++] =
        (struct rcpt){.given = fuzz_text(given, strlen(given)),
                      .resolved = resolved,
                      .added = by_milter};
}

void
envelope_delete(struct envelope *envelope, const char *text)
{
    for (unsigned i = 0; i < envelope->count; i++) {
        struct rcpt *r = &envelope->rcpts[i];

        if (strcmp(r->given, text) == 0
            || (r->resolved != NULL && strcmp(r->resolved, text) == 0))
            r->gone = true;
    }
}

bool
envelope_is_told(const struct envelope *envelope,
                 const struct sdr_address *mailbox)
{
    for (unsigned i = 0; i < envelope->told_count; i++) {
        if (sdr_address_same(&envelope->told[i], mailbox))
            return true;
    }
    return false;
}

/* ---- the rules ---- */

/* What the decision about a recipient has to be made of; false if the MTA's map
 * has made another mailbox of it, which stays. */
static bool
decide(const struct rcpt *r, struct sdr_address *mailbox,
       struct sdr_verdict *verdict)
{
    struct sdr *sdr = world_get();
    struct sdr_address given, resolved;
    bool has_given = sdr_address_parse(&given, r->given) == SDR_OK;
    bool has_resolved = r->resolved != NULL
                        && sdr_address_parse(&resolved, r->resolved) == SDR_OK;

    memset(mailbox, 0, sizeof *mailbox);
    if (has_given)
        *mailbox = given;
    else if (has_resolved)
        *mailbox = resolved;
    sdr_decide(sdr, has_given || !has_resolved ? r->given : r->resolved, NULL,
               verdict);
    sdr_close(&sdr);
    return !has_given || !has_resolved || sdr_address_same(&given, &resolved);
}

/* True if mail for the mailbox is delivered. */
static bool
is_present(const struct envelope *envelope, const struct sdr_address *mailbox)
{
    for (unsigned i = 0; i < envelope->count; i++) {
        const struct rcpt *r = &envelope->rcpts[i];
        const char *text = r->resolved != NULL ? r->resolved : r->given;
        struct sdr_address other;

        if (!r->gone
            && ((sdr_address_parse(&other, r->given) == SDR_OK
                 && sdr_address_same(&other, mailbox))
                || (sdr_address_parse(&other, text) == SDR_OK
                    && sdr_address_same(&other, mailbox))))
            return true;
    }
    return false;
}

static void
check_targets(const struct envelope *envelope,
              const struct sdr_verdict *verdict)
{
    for (unsigned i = 0; i < verdict->target_count; i++) {
        struct sdr_address target;

        FUZZ_RULE(sdr_address_parse(&target, verdict->targets[i].address)
                  == SDR_OK);
        FUZZ_RULE(is_present(envelope, &target));
    }
}

/* Sendmail knows a user of its own by name alone; see message.h. */
static bool
has_bare_name(const struct rcpt *r)
{
    return r->resolved != NULL && strchr(r->resolved, '@') == NULL;
}

/* The MTA has made another mailbox of it, which stays; unless by just this text
 * there is one that does not: then that is who gets it. */
static void
check_mapped(const struct envelope *envelope, const struct rcpt *r)
{
    const struct rcpt same = {.given = (char *)(uintptr_t)r->resolved};
    struct sdr_address mailbox;
    struct sdr_verdict verdict;

    if (!r->gone)
        return;
    (void)decide(&same, &mailbox, &verdict);
    FUZZ_RULE(verdict.kind == SDR_REDIRECT);
    check_targets(envelope, &verdict);
}

/* Kept, or replaced by all its targets; never lost. */
static void
check_recipient(const struct envelope *envelope, const struct rcpt *r)
{
    struct sdr_address mailbox;
    struct sdr_verdict verdict;
    bool ours = decide(r, &mailbox, &verdict);
    bool told = envelope_is_told(envelope, &mailbox);

    if (!ours) {
        check_mapped(envelope, r);
        return;
    }
    FUZZ_RULE(!r->gone || verdict.kind == SDR_REDIRECT);
    if (!told || r->gone)
        check_targets(envelope, &verdict);
    if (!told && verdict.kind == SDR_REDIRECT && !has_bare_name(r))
        FUZZ_RULE(r->gone);
    if (verdict.leaves)
        FUZZ_RULE(envelope->marks == 1);
}

/* A target of somebody, and added once. */
static void
check_added(const struct envelope *envelope, const struct rcpt *added)
{
    struct sdr_address target, other;
    unsigned times = 0;
    bool wanted = false;

    FUZZ_RULE(sdr_address_parse(&target, added->given) == SDR_OK);
    for (unsigned i = 0; i < envelope->count; i++) {
        const struct rcpt *r = &envelope->rcpts[i];
        struct sdr_verdict verdict;

        if (r->added) {
            times += sdr_address_parse(&other, r->given) == SDR_OK
                     && sdr_address_same(&other, &target);
            continue;
        }
        if (!decide(r, &other, &verdict))
            continue;
        for (unsigned k = 0; k < verdict.target_count; k++)
            wanted |=
                sdr_address_parse(&other, verdict.targets[k].address) == SDR_OK
                && sdr_address_same(&other, &target);
    }
    FUZZ_RULE(wanted && times == 1);
}

void
envelope_check(const struct envelope *envelope)
{
    FUZZ_RULE(envelope->marks <= 1);
    for (unsigned i = 0; i < envelope->count; i++) {
        if (envelope->rcpts[i].added)
            check_added(envelope, &envelope->rcpts[i]);
        else
            check_recipient(envelope, &envelope->rcpts[i]);
    }
}
