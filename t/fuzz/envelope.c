/* envelope.c - see envelope.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "envelope.h"

#include "fuzz.h"
#include "path.h"
#include "world.h"

void
envelope_clear(struct envelope *envelope)
{
    for (unsigned i = 0; i < envelope->count; i++)
        free(envelope->rcpts[i].given);
    envelope->count = envelope->marks = 0;
}

void
envelope_add(struct envelope *envelope, const char *given, const char *resolved,
             bool by_milter, bool unmapped)
{
    FUZZ_RULE(envelope->count
              < sizeof envelope->rcpts / sizeof envelope->rcpts[0]);
    envelope->rcpts[envelope->count++] =
        (struct rcpt){.given = fuzz_text(given, strlen(given)),
                      .resolved = resolved,
                      .added = by_milter,
                      .unmapped = unmapped};
}

/* Returns TEXT without surrounding blanks and pairs of brackets, *LEN octets.
 */
static const char *
strip(const char *text, size_t *len)
{
    const char *end = text + strlen(text);

    for (;;) {
        while (text < end && (*text == ' ' || *text == '\t'))
            text++;
        while (text < end && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (end - text < 2 || *text != '<' || end[-1] != '>')
            break;
        text++;
        end--;
    }
    *len = (size_t)(end - text);
    return text;
}

static bool
reads_same(const char *a, const char *b)
{
    size_t a_len, b_len;

    a = strip(a, &a_len);
    b = strip(b, &b_len);
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* Returns true if TEXT is GIVEN without one pair of brackets and one source
 * route, which Postfix removes. */
static bool
reads_without_route(const char *given, const char *text)
{
    size_t len = strlen(given);
    char *inner = fuzz_text(given, len);
    const char *start = inner, *colon;
    bool same;

    if (len >= 2 && inner[0] == '<' && inner[len - 1] == '>') {
        inner[len - 1] = '\0';
        start++;
    }
    colon = start[0] == '@' ? strchr(start, ':') : NULL;
    same = colon != NULL && reads_same(colon + 1, text);
    free(inner);
    return same;
}

static bool
is_in_brackets(const char *resolved, const char *text)
{
    size_t len = strlen(resolved);

    return strlen(text) == len + 2 && text[0] == '<'
           && memcmp(text + 1, resolved, len) == 0;
}

void
envelope_delete(struct envelope *envelope, const char *text)
{
    if (strchr(text, '@') == NULL)
        return;
    for (unsigned i = 0; i < envelope->count; i++) {
        struct rcpt *r = &envelope->rcpts[i];

        if (reads_same(r->given, text) || reads_without_route(r->given, text)
            || (!r->unmapped && r->resolved != NULL
                && is_in_brackets(r->resolved, text)))
            r->gone = true;
    }
}

/* ---- the rules ---- */

/* Returns true if the MTA has mapped the recipient to another mailbox. */
static bool
is_mapped(const struct rcpt *r, const struct sdr_address *resolved)
{
    struct sdr_address given;
    char text[PATH_TEXT_MAX];

    if (r->unmapped)
        return false;
    if (sdr_address_parse_path(&given, r->given) == SDR_OK)
        return !sdr_address_is_route(&given, resolved)
               && !sdr_address_same(&given, resolved);
    return path_address(r->given, text)
           && sdr_address_parse_path(&given, text) == SDR_OK
           && !sdr_address_same(&given, resolved);
}

/* Decide about a recipient by the text that the milter must look up. MAILBOX is
 * all zero if that is no address. Returns false if the MTA has mapped the
 * recipient to another mailbox: then the milter must not edit it. */
static bool
decide(const struct rcpt *r, struct sdr_address *mailbox,
       struct sdr_verdict *verdict)
{
    struct sdr *sdr = world_get();
    const char *key = r->given;
    char domain[SDR_DOMAIN_MAX + 1];
    bool mapped = false;

    memset(mailbox, 0, sizeof *mailbox);
    if (r->resolved != NULL
        && sdr_address_parse(mailbox, r->resolved) == SDR_OK) {
        mapped = is_mapped(r, mailbox);
        key = r->resolved;
    } else if (sdr_address_parse_path(mailbox, r->given) != SDR_OK) {
        if (r->resolved != NULL
            && sdr_address_find_domain(domain, r->resolved) == SDR_OK)
            key = r->resolved;
        else
            (void)!sdr_address_parse(mailbox, r->given);
    }
    sdr_decide(sdr, key, NULL, verdict);
    sdr_close(&sdr);
    return !mapped;
}

/* Returns true if a recipient that was not deleted is this mailbox. */
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

/* Returns true for a local user of Sendmail, whose {rcpt_addr} has no domain.
 */
static bool
has_bare_name(const struct rcpt *r)
{
    return r->resolved != NULL && strchr(r->resolved, '@') == NULL;
}

/* The milter leaves a mapped recipient alone. It can still be gone: the MTA
 * deletes it too if a recipient given as the same text is redirected. Then the
 * targets of that recipient get the mail. */
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

/* A recipient is kept, or replaced by all its targets. */
static void
check_recipient(const struct envelope *envelope, const struct rcpt *r)
{
    struct sdr_address mailbox;
    struct sdr_verdict verdict;
    bool ours = decide(r, &mailbox, &verdict);

    if (!ours) {
        check_mapped(envelope, r);
        return;
    }
    FUZZ_RULE(!r->gone || verdict.kind == SDR_REDIRECT);
    check_targets(envelope, &verdict);
    if (verdict.kind == SDR_REDIRECT && !has_bare_name(r))
        FUZZ_RULE(r->gone);
    if (verdict.leaves)
        FUZZ_RULE(envelope->marks == 1);
}

/* An added recipient is the target of another recipient, and was added once. */
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
    for (unsigned i = 0; i < envelope->count && envelope->by_tables; i++)
        FUZZ_RULE(!envelope->rcpts[i].added && !envelope->rcpts[i].gone);
    if (envelope->by_tables)
        return;
    for (unsigned i = 0; i < envelope->count; i++) {
        if (envelope->rcpts[i].added)
            check_added(envelope, &envelope->rcpts[i]);
        else
            check_recipient(envelope, &envelope->rcpts[i]);
    }
}
