/* usage.h - how sdrctl and its subcommands are used
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_USAGE_H
#define SDRCTL_USAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "status.h"

/* Print the options of sdrctl and all subcommands. */
void
print_usage(FILE *out);

/* Print the arguments and options of the subcommand. */
void
print_command_usage(FILE *out, const char *command);

/* Print where its help is, on standard error; "" is sdrctl itself. Enough if
 * getopt_long() has printed the error. Returns EX_USAGE. */
int
usage_hint(const char *command);

/* The same after what is wrong with the arguments, "" if that is printed. */
SDR_PRINTF(2, 3)
int
usage_error(const char *command, const char *format, ...);

/* Read the options of a subcommand that has only --json. False if there is an
 * error, which is printed. */
bool
read_json_option(int argc, char **argv, const char *command, bool *as_json);

#endif
