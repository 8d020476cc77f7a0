/* syncrepl.h - the method for servers with content synchronization, RFC 4533
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The servers are tried in their order. From one that can, the copy is brought
 * up to date, and then every change is taken as it happens; that nothing
 * happens is proven every few seconds.
 */
#ifndef SYNC_SYNCREPL_H
#define SYNC_SYNCREPL_H

#include "worker.h"

/* Keep the copy up to date until the worker has to stop; or, once, bring it up
 * to date and set worker->status. */
void
syncrepl_run(struct worker *worker);

#endif
