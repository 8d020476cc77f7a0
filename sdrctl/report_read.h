/* report_read.h - the rows of a report, from the replica or the directories
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_REPORT_READ_H
#define SDRCTL_REPORT_READ_H

#include "report.h"
#include "sdrctl.h"

/* Read all rows of the chosen directories: each from its copy in the replica,
 * if that is complete and not too old and the directory itself is not LIVE;
 * else from its first server that answers. A source that is silent says why.
 * False without memory. */
bool
report_read(struct report *report, const struct chosen *chosen, bool live);

#endif
