/* program.h - what another program prints
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_PROGRAM_H
#define SDRCTL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum { PROGRAM_PATH_SIZE = 512 };

/* The program NAME, in one of the folders of PATH or where mail servers are.
 * False if there is none. */
bool
program_find(const char *name, char path[PROGRAM_PATH_SIZE]);

/* Run it without input, ARGV ended by NULL, for so many seconds at most.
 * Returns SDR_OK if it ends with 0, and what it printed, of bounded length,
 * which the caller frees; or SDR_TEMPFAIL with the reason, *text NULL. */
enum sdr_status SDR_MUST_USE
program_run(const char *const *argv, unsigned timeout, char **text,
            struct sdr_error *error);

/* The next line of a text, its end cut off in place; NULL at the end. *AT
 * begins as the text. */
char *
next_line(char **at);

#endif
