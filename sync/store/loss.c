/* loss.c - see loss.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/loss.h"

#include <stdlib.h>

/* Returns true if the entry has no valid owner: its mail is deferred. */
static bool
is_orphan(const struct sdr_facts *facts)
{
    return facts->foreign_owner || facts->bad_routing || facts->outside;
}

bool
loss_of_owner_by_facts(const struct sdr_facts *before,
                       const struct sdr_facts *after)
{
    return (is_orphan(after) && !is_orphan(before))
           || (after->by_default && !before->by_default);
}

bool
loss_of_owner(const struct entry_view *old, const struct entry_view *new)
{
    struct sdr_facts before, after;

    if (new == NULL)
        return true;
    return entry_facts(old, &before) && entry_facts(new, &after)
           && loss_of_owner_by_facts(&before, &after);
}

bool
loss_is_move(const struct entry_view *old, const struct entry_view *new)
{
    struct sdr_facts before, after;

    return new != NULL &&entry_facts(old, &before) && entry_facts(new, &after)
           && !is_orphan(&before) && !is_orphan(&after)
           && !loss_of_owner_by_facts(&before, &after)
           && before.owners != after.owners;
}

/* Two sorted lists of keys, walked side by side. */
struct pair {
    struct entry_view old, new;
    struct entry_key old_key, new_key;
    bool has_old, has_new;
};

static void
pair_begin(struct pair *pair, const struct entry_view *old,
           const struct entry_view *new)
{
    pair->old = *old;
    pair->has_old = entry_next_key(&pair->old, &pair->old_key);
    pair->has_new = false;
    if (new != NULL) {
        pair->new = *new;
        pair->has_new = entry_next_key(&pair->new, &pair->new_key);
    }
}

bool
loss_of_key(const struct entry_key *old, const struct entry_key *new)
{
    return new == NULL
           || ((new->strength &ENTRY_UNREADABLE) != 0
               && (old->strength & ENTRY_UNREADABLE) == 0);
}

/* Read the next key: the new one if it is in both and not lost. Returns false
 * at the end. */
static bool
pair_next(struct pair *pair, struct entry_key *key, bool *lost)
{
    int order;

    if (!pair->has_old && !pair->has_new)
        return false;
    if (!pair->has_old)
        order = 1;
    else if (!pair->has_new)
        order = -1;
    else
        order = entry_key_compare(&pair->old_key, &pair->new_key);
    *lost = order <= 0
            && loss_of_key(&pair->old_key, order == 0 ? &pair->new_key : NULL);
    *key = *lost ? pair->old_key : pair->new_key;
    if (order <= 0)
        pair->has_old = entry_next_key(&pair->old, &pair->old_key);
    if (order >= 0)
        pair->has_new = entry_next_key(&pair->new, &pair->new_key);
    return true;
}

bool
loss_is(const struct entry_view *old, const struct entry_view *new)
{
    struct entry_key key;
    struct pair pair;
    bool lost;

    if (loss_of_owner(old, new))
        return true;
    pair_begin(&pair, old, new);
    while (pair_next(&pair, &key, &lost)) {
        if (lost)
            return true;
    }
    return false;
}

static unsigned
count_keys(const struct entry_view *view)
{
    struct entry_view rest = *view;
    struct entry_key key;
    unsigned count = 0;

    while (entry_next_key(&rest, &key))
        count++;
    return count;
}

bool
loss_undo(const struct entry_view *old, const struct entry_view *new,
          bool moved, unsigned char **octets, size_t *len)
{
    const struct entry_view *named = new != NULL ? new : old;
    const struct entry_view *owned =
        moved || loss_of_owner(old, new) ? old : new;
    struct entry_parts parts = {.dn = named->dn,
                                .record = owned->record,
                                .record_len = owned->record_len};
    size_t room = count_keys(old) + (new != NULL ? count_keys(new) : 0);
    struct entry_key *keys = calloc(room + 1, sizeof *keys);
    struct pair pair;
    bool lost, ok;

    if (keys == NULL)
        return false;
    pair_begin(&pair, old, new);
    while (parts.key_count < room
           && pair_next(&pair, &keys[parts.key_count], &lost))
        parts.key_count++;
    parts.keys = keys;
    ok = entry_encode(&parts, octets, len);
    free(keys);
    return ok;
}
