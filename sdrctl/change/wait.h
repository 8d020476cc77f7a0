/* wait.h - wait until the replica has the changes
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WAIT_H
#define SDRCTL_WAIT_H

#include <stdbool.h>

#include "change/change.h"
#include "decision/sdr.h"

/* Check whether the replica, if there is one, has all changes; with WAIT, wait
 * for that up to a minute. Prints a warning if not. Returns an exit code: 0, or
 * 75 if the wait was in vain. */
int
wait_for_replica(struct sdr *sdr, const struct changes *changes, bool wait,
                 bool quiet);

#endif
