/* accept.h - the administrator accepts changes that are held back
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sdrctl sync accept writes a file next to the replica, "PATH.accept", with a
 * line "DIRECTORY HELD" for each directory, where HELD is the number of entries
 * that the administrator accepts. Anyone who can write there can also write the
 * replica.
 */
#ifndef SYNC_ACCEPT_H
#define SYNC_ACCEPT_H

#include "config/config.h"
#include "store/store.h"

/* If there is such a file, accept the changes and remove it. */
void
accept_look(struct store *store, const struct sdr_config *config);

#endif
