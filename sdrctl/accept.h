/* accept.h - sdrctl sync accept: what is held back is meant
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_ACCEPT_H
#define SDRCTL_ACCEPT_H

#include "replica.h"
#include "sdrctl.h"

/* Tell sdr-sync to believe what it holds back of the chosen directories, wait
 * until it has, and say what became of it. Returns the exit code. */
int
accept_losses(const struct sdr_config *config, struct sdr_replica *replica,
              const struct chosen *chosen);

#endif
