/* ldif_file.h - a directory that is a file
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_LDIF_SOURCE_H
#define SYNC_LDIF_SOURCE_H

#include "source/worker.h"

/* The method of a directory whose URI is ldif:/PATH. The file is read
 * completely when it has changed and then stayed the same for a second. If it
 * is not valid LDIF to its last line, or has no address in a split domain, it
 * changes nothing. A worker that runs once reads it once, and its status is the
 * result. */
void
ldif_run(struct worker *worker);

#endif
