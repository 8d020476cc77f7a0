/* command.h - the subcommands of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_H
#define SDRCTL_H

#include "decision/sdr.h"

/* Each takes arguments that begin with its own name, borrows the configuration
 * from SDR, and returns the exit code. */

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

#endif
