/* decide.c - the verdicts before and after a change
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "array.h"
#include "diff/diff.h"
#include "print.h"
#include "site_recipient.h"

static void
decide(struct sdr *sdr, const char *recipient, struct decision *decision)
{
    decision->sure = true;
    decision->answer.status = SDR_NOTFOUND;
    if (sdr_look_up(sdr, recipient, &decision->question, &decision->answer,
                    &decision->verdict)
        == SDR_OK)
        return;
    decision->sure = decision->answer.status != SDR_TEMPFAIL;
    sdr_route_decide(sdr_get_config(sdr), &decision->question,
                     &decision->answer, &decision->verdict);
}

/* ---- entries that are moved ---- */

static int
compare_moved(const void *a, const void *b)
{
    const struct moved *x = a, *y = b;

    if (x->directory != y->directory)
        return x->directory > y->directory ? 1 : -1;
    return strcmp(x->dn, y->dn);
}

/* Returns the reason why the entry cannot be moved, or NULL if it was added. */
static const char *
add_moved(struct diff *diff, const struct decision *found)
{
    const struct sdr_facts *facts = &found->answer.facts;
    struct moved moved = {.directory = facts->directory};

    if (!found->sure)
        return found->answer.error.text;
    if (found->answer.status != SDR_OK || facts->key != 0)
        return "no entry with this address";
    if (facts->disagree)
        return "several entries have this address: merge them first";
    if (facts->unreadable)
        return "found in a value with other text: correct the value first";
    moved.dn = strdup(facts->dn);
    if (moved.dn != NULL
        && sdr_array_append(&diff->moved, &diff->moved_count, &diff->moved_room,
                            &moved, sizeof moved))
        return NULL;
    free(moved.dn);
    return "no memory";
}

int
diff_find_moved(struct diff *diff, const struct batch *batch)
{
    int code = EX_OK;

    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_line *line = &batch->items[i];
        struct sdr_error error;
        const char *reason;

        decide(diff->before, line->address, &diff->old);
        reason = add_moved(diff, &diff->old);
        if (reason == NULL)
            continue;
        sdr_error_set(&error, "%s:%lu: %s: %s", batch->file, line->line,
                      line->address, reason);
        print_error_line(&error);
        if (code != EX_DATAERR)
            code = diff->old.sure ? EX_DATAERR : EX_TEMPFAIL;
    }
    if (diff->moved_count > 1)
        qsort(diff->moved, diff->moved_count, sizeof *diff->moved,
              compare_moved);
    return code;
}

static bool
is_moved(struct diff *diff)
{
    const struct sdr_facts *facts = &diff->old.answer.facts;
    const struct moved key = {.directory = facts->directory,
                              .dn = diff->old.answer.facts.dn};

    return diff->old.answer.status == SDR_OK && diff->moved_count > 0
           && bsearch(&key, diff->moved, diff->moved_count, sizeof key,
                      compare_moved)
                  != NULL;
}

static void
decide_moved(struct diff *diff)
{
    const struct sdr_facts *old = &diff->old.answer.facts;
    struct sdr_facts *new = &diff->new.answer.facts;

    diff->new = diff->old;
    *new = site_facts(old, diff->to);
    new->hold = old->hold;
    new->strength = old->strength;
    new->contact = old->contact;
    new->unreadable = old->unreadable;
    new->disagree = old->disagree;
    memcpy(new->dn, old->dn, sizeof new->dn);
    sdr_route_decide(sdr_get_config(diff->after), &diff->new.question,
                     &diff->new.answer, &diff->new.verdict);
}

/* ---- another configuration ---- */

/* Decide with the other configuration and the facts that are already known. */
static void
decide_again(struct diff *diff, const char *recipient)
{
    const struct sdr_config *config = sdr_get_config(diff->after);
    struct decision *new = &diff->new;

    new->sure = diff->old.sure;
    if (sdr_route_begin(config, recipient, &new->question, &new->verdict)
        == SDR_NOTFOUND)
        sdr_route_decide(config, &new->question, &diff->old.answer,
                         &new->verdict);
}

/* ---- the comparison ---- */

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
goes_elsewhere(const struct sdr_verdict *old, const struct sdr_verdict *new)
{
    if (old->kind != new->kind || old->target_count != new->target_count
        || !same_text(old->next_hop, new->next_hop)
        || !same_text(old->reply.code, new->reply.code)
        || !same_text(old->reply.enhanced, new->reply.enhanced))
        return true;
    for (unsigned i = 0; i < old->target_count; i++) {
        if (strcmp(old->targets[i].address, new->targets[i].address) != 0)
            return true;
    }
    return false;
}

bool
diff_decide(struct diff *diff, const char *recipient)
{
    decide(diff->before, recipient, &diff->old);
    if (diff->same_facts)
        decide_again(diff, recipient);
    else if (!diff->moves)
        decide(diff->after, recipient, &diff->new);
    else if (is_moved(diff))
        decide_moved(diff);
    else if (diff->old.sure)
        return false;
    else
        diff->new.sure = true;
    if (diff->old.sure && diff->new.sure)
        return goes_elsewhere(&diff->old.verdict, &diff->new.verdict);
    if (diff->unknown++ == 0)
        diff->reason =
            diff->old.sure ? diff->new.answer.error : diff->old.answer.error;
    return false;
}
