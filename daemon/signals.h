/* signals.h - the signals that a daemon handles
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include <signal.h>

/* Block SIGHUP, SIGUSR1, SIGTERM and SIGINT in this thread and in those that it
 * starts, for sigtimedwait(2) on *SET. Call it before starting threads. */
void
signals_block(sigset_t *set);

#endif
