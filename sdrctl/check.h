/* check.h - what the checks of sdrctl share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHECK_H
#define SDRCTL_CHECK_H

#include "sdrctl.h"
#include "survey.h"

/* Print a finding; see struct sdr_survey. */
void
print_finding(void *arg, enum sdr_finding finding, const char *subject,
              const char *text, const char *advice);

/* Check the replica, and the copies of the chosen directories in it; returns
 * the worst finding. */
enum sdr_finding
check_replica(const struct sdr_config *config, const struct chosen *chosen);

#endif
