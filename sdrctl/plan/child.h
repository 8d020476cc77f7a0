/* child.h - run a step in a child process
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The child inherits the lock of the state. If sdrctl is killed, no other
 * process works on the plan until the step has ended.
 */
#ifndef SDRCTL_CHILD_H
#define SDRCTL_CHILD_H

#include <stdbool.h>

#include "status.h"

/* Catch the signals that terminate a process. The running step gets SIGTERM,
 * and child_interrupted() returns true from then on. */
void
child_catch_signals(void);

bool
child_interrupted(void);

/* Run FUNCTION in a child. Returns its result, or -1 with the reason. */
int
child_run(int (*function)(void *arg), void *arg, struct sdr_error *error);

/* Run a program; NULL ends its words. Its standard input is empty. It has a
 * process group of its own: SIGTERM goes to all of it, and this waits until all
 * of it has ended. Returns as child_run(). */
int
child_execute(char **words, struct sdr_error *error);

#endif
