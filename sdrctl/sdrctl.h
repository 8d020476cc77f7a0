/* sdrctl.h - the administrator's command: what its parts share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_H
#define SDRCTL_H

#include <stdbool.h>

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
command_dump(struct sdr *sdr, int argc, char **argv);

int
command_sync(struct sdr *sdr, int argc, char **argv);

int
command_report(struct sdr *sdr, int argc, char **argv);

int
command_show(struct sdr *sdr, int argc, char **argv);

int
command_history(struct sdr *sdr, int argc, char **argv);

int
command_hold(struct sdr *sdr, int argc, char **argv);

int
command_move(struct sdr *sdr, int argc, char **argv);

int
command_release(struct sdr *sdr, int argc, char **argv);

int
command_undo(struct sdr *sdr, int argc, char **argv);

int
command_route(struct sdr *sdr, int argc, char **argv);

/* The directories that arguments name: all if there are none. Names are
 * compared without regard to case. */
struct chosen {
    int count;
    char **names;
};

/* False if a name is no directory's. */
bool
is_choice(const struct sdr_config *config, const struct chosen *chosen);

bool
is_chosen(const struct chosen *chosen,
          const struct sdr_directory_options *directory);

/* Say on stderr that no replica is configured; returns EX_CONFIG. */
int
no_replica(const struct sdr_config *config);

/* Print text as clean as a terminal needs it. */
void
print_clean(const char *text);

/* Complain about the use of COMMAND on stderr and return EX_USAGE. */
int
bad_use(const char *command, const char *complaint);

#endif
