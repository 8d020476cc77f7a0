/* child.h - a step is run by a process of its own
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It has the lock of the state too: if sdrctl is killed, nobody else works on
 * the plan before the step has ended.
 */
#ifndef SDRCTL_CHILD_H
#define SDRCTL_CHILD_H

#include <stdbool.h>

#include "status.h"

/* On a signal to terminate: the step that runs gets it too, and
 * child_interrupted() is true from then on. */
void
child_catch_signals(void);

bool
child_interrupted(void);

/* Run FUNCTION in a child. Returns its result; or -1 with the reason. */
int
child_run(int (*function)(void *arg), void *arg, struct sdr_error *error);

/* Run a program, whose words end with NULL; its standard input is empty.
 * Results as above. */
int
child_execute(char **words, struct sdr_error *error);

#endif
