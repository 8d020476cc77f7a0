/* sdrctl.h - the administrator's command: what its parts share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_H
#define SDRCTL_H

#include "sdr.h"

/* A subcommand. ARGV begins with its name; the configuration is borrowed.
 * Returns the exit code. */
struct command {
    const char *name;
    const char *arguments; /* for the usage */
    const char *help;
    int (*run)(struct sdr *sdr, int argc, char **argv);
};

int
command_check(struct sdr *sdr, int argc, char **argv);

int
command_route(struct sdr *sdr, int argc, char **argv);

/* Print text as clean as a terminal needs it. */
void
print_clean(const char *text);

/* Complain about the use of COMMAND on stderr and return EX_USAGE. */
int
bad_use(const char *command, const char *complaint);

#endif
