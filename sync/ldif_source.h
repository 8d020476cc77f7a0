/* ldif_source.h - a directory that is a file
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_LDIF_SOURCE_H
#define SYNC_LDIF_SOURCE_H

#include "worker.h"

/* The method of a directory whose URI is ldif:/PATH. The file is read from end
 * to end whenever it has changed and then rested for a second. One that is not
 * good LDIF to its last line, or shows no address of ours, changes nothing. A
 * worker that runs once reads it once, and its status says how that went. */
void
ldif_run(struct worker *worker);

#endif
