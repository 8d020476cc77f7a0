/* wait.h - wait until the replica has the changes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WAIT_H
#define SDRCTL_WAIT_H

#include <stdbool.h>

#include "change/change.h"
#include "replica/reader.h"
#include "decision/sdr.h"

/* Check whether the replica, if there is one, has all changes; with WAIT, wait
 * for that up to a minute. Prints a warning if not. Returns an exit code: 0, or
 * 75 if the wait was in vain. */
int
wait_for_replica(struct sdr *sdr, const struct changes *changes, bool wait,
                 bool quiet);

/* The number of changes that the replica does not have now. */
size_t
replica_lacks(const struct sdr_config *config, struct sdr_replica *replica,
              const struct changes *changes);

#endif
