/* signals.h - the signals that a daemon obeys
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include <signal.h>

/* Block SIGHUP, SIGUSR1, SIGTERM and SIGINT in this thread and in those that it
 * starts, so that sigtimedwait(2) on *SET takes them. To be called before all
 * threads. */
void
signals_block(sigset_t *set);

#endif
