/* command.h - the subcommands of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_H
#define SDRCTL_H

#include <stdbool.h>

#include "decision/sdr.h"

/* Each takes arguments that begin with its own name, borrows the configuration
 * from SDR, and returns the exit code. */

int
command_check(struct sdr *sdr, int argc, char **argv);

/* Before command_check() and the configuration: if the arguments ask for a line
 * for Nagios, keep standard error for it, and return true. Nagios ignores
 * standard error, and Icinga shows it before the line. */
bool
nagios_begin(int argc, char **argv);

/* Print that line. CODE is the exit code of command_check(), or that of an
 * error before it. Returns the exit code for Nagios. */
int
nagios_end(int code);

int
command_compile(struct sdr *sdr, int argc, char **argv);

int
command_diff(struct sdr *sdr, int argc, char **argv);

int
command_dump(struct sdr *sdr, int argc, char **argv);

int
command_sync(struct sdr *sdr, int argc, char **argv);

int
command_report(struct sdr *sdr, int argc, char **argv);

int
command_show(struct sdr *sdr, int argc, char **argv);

int
command_export(struct sdr *sdr, int argc, char **argv);

int
command_history(struct sdr *sdr, int argc, char **argv);

int
command_hold(struct sdr *sdr, int argc, char **argv);

int
command_move(struct sdr *sdr, int argc, char **argv);

int
command_plan(struct sdr *sdr, int argc, char **argv);

int
command_release(struct sdr *sdr, int argc, char **argv);

int
command_undo(struct sdr *sdr, int argc, char **argv);

int
command_verify(struct sdr *sdr, int argc, char **argv);

int
command_route(struct sdr *sdr, int argc, char **argv);

#endif
