/* wait.h - wait until the replica has the changes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WAIT_H
#define SDRCTL_WAIT_H

#include <stdbool.h>

#include "change/change.h"
#include "replica/reader.h"
#include "decision/sdr.h"

/* Check whether the replica, if there is one, has all changes. If WAIT, wait up
 * to a minute for them. Prints a warning if some are missing, unless QUIET
 * without WAIT. Returns an exit code: 0, or 75 after waiting without success.
 */
int
wait_for_replica(struct sdr *sdr, const struct changes *changes, bool wait,
                 bool quiet);

/* Returns the number of changes that the replica does not have yet. */
size_t
replica_lacks(const struct sdr_config *config, struct sdr_replica *replica,
              const struct changes *changes);

#endif
