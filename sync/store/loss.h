/* loss.h - what an entry loses by a change
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A loss is an address that is gone or can no longer be read for certain, or an
 * owner that is no longer known: mail for a known recipient would be rejected,
 * deferred, or sent to the default owner. Everything else is not a loss:
 * another owner, an additional address, a hold. Pure functions.
 */
#ifndef SYNC_LOSS_H
#define SYNC_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "replica/entry.h"

/* Returns true if the entry loses something between OLD and NEW, which is NULL
 * if the entry was deleted. */
bool
loss_is(const struct entry_view *old, const struct entry_view *new);

/* Returns true if the key OLD is lost. NEW is the same key afterwards; NULL if
 * there is none. */
bool
loss_of_key(const struct entry_key *old, const struct entry_key *new);

/* Returns true if the entry loses its owner. */
bool
loss_of_owner(const struct entry_view *old, const struct entry_view *new);

/* Returns true if the entry had known owners and has other known owners: it has
 * moved. */
bool
loss_is_move(const struct entry_view *old, const struct entry_view *new);

/* Like loss_of_owner(), for facts. */
bool
loss_of_owner_by_facts(const struct sdr_facts *before,
                       const struct sdr_facts *after);

/* Encode the entry without its losses: what is new, and what was there before;
 * if it has MOVED, with its old owner. The caller frees *OCTETS. Returns false
 * without memory. */
bool
loss_undo(const struct entry_view *old, const struct entry_view *new,
          bool moved, unsigned char **octets, size_t *len);

#endif
