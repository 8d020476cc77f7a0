/* servers.h - replication from a directory's LDAP servers
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SYNC_SERVERS_H
#define SYNC_SERVERS_H

#include "source/worker.h"

/* Keep the copy up to date until the worker has to stop; or, with --once, bring
 * it up to date and set worker->status. The servers are tried in order, each by
 * the method that it supports. */
void
servers_run(struct worker *worker);

#endif
