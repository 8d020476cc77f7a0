/* read.h - read the rows of a report from the replica or the directories
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_REPORT_READ_H
#define SDRCTL_REPORT_READ_H

#include "report/report.h"
#include "chosen.h"

/* Read all rows of the chosen directories: from the replica if that is complete
 * and not too old and LIVE is false, else from the first server that answers. A
 * directory that is a file is read from the replica only. A source that is
 * missing has the reason. Returns false if out of memory. */
bool
report_read(struct report *report, const struct chosen *chosen, bool live);

#endif
