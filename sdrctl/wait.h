/* wait.h - until the replica has seen what was changed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_WAIT_H
#define SDRCTL_WAIT_H

#include <stdbool.h>

#include "change.h"
#include "sdr.h"

/* Look whether the replica, if there is one, shows what the changes have made
 * of everybody; if WAIT, for a minute at most. Says so if not. Returns 0, or 75
 * if it was to be waited for and has not. */
int
wait_for_replica(struct sdr *sdr, const struct changes *changes, bool wait,
                 bool quiet);

#endif
