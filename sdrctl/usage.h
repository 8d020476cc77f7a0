/* usage.h - usage messages of sdrctl and its subcommands
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

/* Print a hint to the help of COMMAND on standard error; "" is sdrctl itself.
 * Sufficient after getopt_long() has printed the error. Returns EX_USAGE. */
int
usage_hint(const char *command);

/* Print an error in the arguments, or nothing if the text is "", and the same
 * hint. Returns EX_USAGE. */
SDR_PRINTF(2, 3)
int
usage_error(const char *command, const char *format, ...);

/* Read the options of a subcommand that accepts --json only. Returns false,
 * after printing the error, if there is one. */
bool
read_json_option(int argc, char **argv, const char *command, bool *as_json);

/* Remember the configuration file given with -c. */
void
usage_set_config(const char *path);

/* The words with which a suggested command begins: "sdrctl" or "sdrctl -c
 * FILE", quoted for a shell.
 */
const char *
usage_program(void);

/* Set OUT to the text, in quotes if a shell needs them to take it as one word.
 * OUT has USAGE_WORD_SIZE octets; what does not fit is cut off. Returns OUT. */
enum { USAGE_WORD_SIZE = 4 * 4096 + 3 };
const char *
usage_word(char *out, const char *text);

#endif
