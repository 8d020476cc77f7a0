/* accept.h - what an administrator says of changes that are held back
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sdrctl sync accept leaves a file beside the replica, "PATH.accept", a line
 * "DIRECTORY HELD" for each directory: so many entries are meant. Who may write
 * there may write the replica as well.
 */
#ifndef SYNC_ACCEPT_H
#define SYNC_ACCEPT_H

#include "config.h"
#include "store.h"

/* Look whether there is one; do as it says and take it away. */
void
accept_look(struct store *store, const struct sdr_config *config);

#endif
