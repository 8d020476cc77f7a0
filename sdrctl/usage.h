/* usage.h - how sdrctl and its subcommands are used
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_USAGE_H
#define SDRCTL_USAGE_H

#include <stdbool.h>
#include <stdio.h>

/* Print the options of sdrctl and all subcommands. */
void
print_usage(FILE *out);

/* Print the arguments of the subcommand. */
void
print_command_usage(FILE *out, const char *command);

/* Print what is wrong with the arguments of the subcommand, and its usage, on
 * standard error. Returns EX_USAGE. */
int
usage_error(const char *command, const char *reason);

/* Read the options of a subcommand that has only --json. False if there is an
 * error, which is printed. */
bool
read_json_option(int argc, char **argv, const char *command, bool *as_json);

#endif
