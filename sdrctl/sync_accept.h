/* sync_accept.h - sdrctl sync accept: confirm changes that are held back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_ACCEPT_H
#define SDRCTL_ACCEPT_H

#include "replica/reader.h"
#include "chosen.h"

/* Make sdr-sync accept what it holds back for the chosen directories, wait for
 * it, and print the result. Returns the exit code. */
int
accept_losses(const struct sdr_config *config, struct sdr_replica *replica,
              const struct chosen *chosen);

#endif
